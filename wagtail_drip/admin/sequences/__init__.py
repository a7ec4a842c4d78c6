"""The screens on which sequences are written, previewed, switched on and off, and judged."""
