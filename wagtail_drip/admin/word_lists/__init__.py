"""The screen "Sensitive words": what a site is warned by, what it has switched off and why, and its own words."""
