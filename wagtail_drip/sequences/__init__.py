"""What should happen; never what has happened. Editors write it, publishing compiles and freezes it.

The snippet's row is never executed. Leans on content, events and contacts.
"""
