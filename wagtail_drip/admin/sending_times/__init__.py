"""The screen "Sending times": a site's week, what it did to the last 30 days, and the legal hours around it."""
