"""How the sandbox writes dates, by language."""
