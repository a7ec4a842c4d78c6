"""The interests that the shop names, and how they fade."""
