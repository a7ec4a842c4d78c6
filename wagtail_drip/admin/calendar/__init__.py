"""The screen "Calendar": days without texts, public holidays, and whatever else registers a kind of entry."""
