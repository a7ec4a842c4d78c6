"""One file per kind of step, found by its name, each with a class ``Kind``. Pure decisions, no database."""
