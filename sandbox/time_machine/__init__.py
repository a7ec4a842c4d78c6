"""A page that moves the sandbox's clock, so that a sequence of weeks can be watched in a minute."""
