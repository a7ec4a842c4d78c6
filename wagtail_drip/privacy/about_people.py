"""What this room's tables hold about people: of a list that is brought in, its file, until it is over."""

from __future__ import annotations

from wagtail_drip.core.personal_data import nothing
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine

HELD = (
    nothing(
        ContactImport,
        "id site name file by by_name state layout columns plan due_at holder attempts position total foreseen done "
        "error created_at started_at ended_at",
        why="A list that staff bring in. Its file is deleted when it is over.",
    ),
    nothing(
        ImportedKey, "id contact_import key line", why="Who stood on a list, hashed, while it is brought in."
    ),
    nothing(RefusedLine, "id contact_import line column reason other_line", why="Which lines were refused."),
)
