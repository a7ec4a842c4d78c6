"""Texts that we judged to be a stop: the list of them, and the word of a member of staff who knows better."""
