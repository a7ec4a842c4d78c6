"""The ground floor: claims, clock, states, keys, zones, and what one installation and one site are.

Anybody may enter. Knows nothing of contacts, events or messages; leans on Django alone.
"""
