"""The blocks an editor writes with: one file per kind of step, found by its name, and the tree of them."""
