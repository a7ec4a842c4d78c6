"""Who speaks for somebody under the lock: through merges, and with or without those who were erased."""

from __future__ import annotations

from typing import Any

import pytest

from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.speaking import lock_present, lock_speakers

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(now) -> dict[str, int]:
    def made(**fields: Any) -> Contact:
        return Contact.objects.create(created_at=now, changed_at=now, **fields)

    ada = made()
    gone = made(erased_at=now)
    merged = made(merged_into=ada)
    return {
        "ada": ada.pk,
        "gone": gone.pk,
        "merged": merged.pk,
        "merged long ago": made(merged_into=merged).pk,
        "merged into who is gone": made(merged_into=gone).pk,
    }


def test_who_was_erased_still_speaks_but_is_not_present(people: dict[str, int]) -> None:
    asked = [*people.values(), max(people.values()) + 1]

    speaking = {pk: speaker.pk for pk, speaker in lock_speakers(asked).items()}
    present = {pk: speaker.pk for pk, speaker in lock_present(asked).items()}

    ada, gone = people["ada"], people["gone"]
    theirs = {ada: ada, people["merged"]: ada, people["merged long ago"]: ada}
    assert speaking == {**theirs, gone: gone, people["merged into who is gone"]: gone}
    assert present == theirs


def test_one_speaks_for_themselves_and_for_all_who_were_merged_into_them(people: dict[str, int]) -> None:
    ada, gone = people["ada"], people["gone"]

    assert querysets.speakers([ada]) == {ada: ada, people["merged"]: ada, people["merged long ago"]: ada}
    assert querysets.speakers([gone]) == {gone: gone, people["merged into who is gone"]: gone}
    assert querysets.speakers([]) == {}
