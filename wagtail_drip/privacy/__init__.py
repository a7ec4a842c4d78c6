"""People's data as a whole, over all rooms: brought in, handed out, erased, and kept no longer than needed.

Reads every room below; writes only its own rows, and the others' through their actions. Nobody but the doors leans
on it.
"""
