"""A site's own step, as docs/how_to/write_a_step.md writes it."""
