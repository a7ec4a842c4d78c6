"""Who we may speak to: people, the keys others know them by, what they agreed to and what that permits.

Everybody above may read; only ``contacts.actions`` writes. Leans on core.
"""
