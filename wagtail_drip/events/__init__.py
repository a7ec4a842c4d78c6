"""What happened. Notices are what doors leave behind at once; events are what is true of a contact.

Append-only; nothing here decides anything. Leans on contacts and core.
"""
