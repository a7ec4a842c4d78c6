"""The words: templates, variables, rendering, composing. Leans on links, stores and contacts."""
