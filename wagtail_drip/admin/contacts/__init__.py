"""Contacts on screen: the list, and one person's whole story."""
