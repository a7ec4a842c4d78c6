"""The events that we know, by where they come from; ``events.catalogue`` registers them all."""
