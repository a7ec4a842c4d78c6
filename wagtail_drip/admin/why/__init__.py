"""Why (not), and when next: a person and a sequence, answered in sentences; and the people of a sequence."""
