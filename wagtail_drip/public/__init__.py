"""Pages that anybody may open: the short link's redirect. Translates, calls one action, answers."""
