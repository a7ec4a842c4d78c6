"""Template tags for the shop's pages."""
