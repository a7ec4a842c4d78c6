"""Something that goes out once, started and looked at by the tests of it."""

from __future__ import annotations

from collections.abc import Sequence as Many
from datetime import UTC, datetime, timedelta
from typing import Any

from wagtail.models import Site

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.enrolments import once, upgrade
from wagtail_drip.enrolments.date_triggers import check_due
from wagtail_drip.enrolments.models import Enrolment
from wagtail_drip.enrolments.once_models import OnceRun
from wagtail_drip.enrolments.once_rules import FirstPart
from wagtail_drip.enrolments.run_due import run_due
from wagtail_drip.messaging.models import Message
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.sequences import live_sequence, publish

HELLO = ("send_message", {"text": "Hello"})
NOW = datetime(2027, 5, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def written(**options: Any) -> Sequence:
    made = live_sequence(
        **{"trigger": None, "trigger_kind": "once", "steps": [HELLO], "is_started": False, **options}
    )
    SequenceRuntime.objects.filter(sequence=made).update(entering_since=NOW, changed_at=NOW)
    return made


def start(sequence: Sequence, *, first: int = 0, at: datetime = NOW, **options: Any) -> OnceRun | None:
    version = SequenceRuntime.objects.get(sequence=sequence).version_id
    return once.start(
        sequence.pk,
        **{
            "version_id": version,
            "first": FirstPart(people=first),
            "people": Contact.objects.count(),
            "by": "ada",
            "now": at,
            **options,
        },
    )


def look(*moments: datetime, limit: int | None = None) -> None:
    for moment in moments:
        while check_due(now=moment, limit=limit):
            pass


def inside() -> set[int]:
    return set(Enrolment.objects.values_list("contact_id", flat=True))


def went(people: Many[Contact], *, at: datetime = NOW, **fields: Any) -> None:
    """Say what became of the texts of those who have entered."""
    run_due(now=at)
    Message.objects.filter(contact__in=people).update(
        **{"state": "sent", "due_at": None, "handed_over_at": at, "sent_at": at, "created_at": at, **fields}
    )


def say_no(people: Many[Contact], *, at: datetime) -> None:
    for person in people:
        no = Consent(group=PurposeGroup.MARKETING, granted=False, source="test", method=ConsentMethod.KEYWORD)
        contacts.record_consent(contact_id=person.pk, site_id=Site.objects.get().pk, consent=no, now=at)


def state(sequence: Sequence) -> str:
    return OnceRun.objects.get(sequence=sequence).state


def stop_and_publish(sequence: Sequence, *, at: datetime) -> None:
    """Stop it, let whoever is inside leave, and publish it again as it is."""
    once.stop(sequence.pk, by="bob", now=at)
    look(at)
    while upgrade.park_due(now=at):
        pass
    publish(sequence, is_started=False)
    look(at)
