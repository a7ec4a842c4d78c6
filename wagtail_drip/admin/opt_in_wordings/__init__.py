"""The screen "Sign-up wording": what we ship and what has to be said, and an owner's own words beside it."""
