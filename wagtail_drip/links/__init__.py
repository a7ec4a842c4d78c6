"""Short links on our own domain, and the clicks on them. Leans on events and contacts."""
