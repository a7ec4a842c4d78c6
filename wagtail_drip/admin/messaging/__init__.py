"""The message log: every message with its state and why."""
