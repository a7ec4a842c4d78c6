"""What this room's tables hold about people: of a list that is brought in, its file, until it is over."""

from __future__ import annotations

from wagtail_drip.core.personal_data import Erasing, Held, nothing, of_contact
from wagtail_drip.privacy.erasure_models import Erasure
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine

HELD = (
    Held(
        model=Erasure,
        why="That somebody was erased, and when.",
        rows=of_contact(Erasure),
        kept={
            "number_hashes": "proof: who asks for a number finds its consent records, and nobody reads the number",
            "person": "by it the rest is found; emptied when it is done, ten minutes later",
        },
        plain="id contact table cursor look rows due_at attempts error requested_at requested_by done_at",
        erasing=Erasing.KEEP,
    ),
    nothing(
        ContactImport,
        "id site name file by by_name state layout columns plan due_at holder attempts position total foreseen done "
        "error created_at started_at ended_at",
        why="A list that staff bring in. Its file is deleted when it is over.",
    ),
    nothing(
        ImportedKey, "id contact_import key line", why="Who stood on a list, hashed, while it is brought in."
    ),
    nothing(
        RefusedLine, "id contact_import line column reason told other_line", why="Which lines were refused."
    ),
)
