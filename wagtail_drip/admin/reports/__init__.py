"""Results of a sequence, and the panel on the admin's home page."""
