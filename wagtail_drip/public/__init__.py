"""Pages that anybody may open: short links, and who stops or chooses. Translates, calls one action, answers."""
