"""The screens on which saved messages are written and previewed."""
