"""The only writers of interests: what the shop names, what people say, and what is forgotten of what they seem to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.speaking import lock_present, lock_speakers
from wagtail_drip.core import claims
from wagtail_drip.core.among import Among
from wagtail_drip.events import actions as events
from wagtail_drip.events import catalogue
from wagtail_drip.events.models import EventTally
from wagtail_drip.events.types import OUR_STORE, EventDraft
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.stores import interest_signs
from wagtail_drip.stores.interest_models import (
    ForgottenInterests,
    InferredInterest,
    Interest,
    InterestRules,
    StatedInterest,
)
from wagtail_drip.stores.interest_signs import Fading

STATED = "interest_stated"
ONLY = 1


class UnknownInterest(WagtailDripError):
    """There is no interest of a name that was given; add it under "Interests", or correct the name."""


def rules() -> InterestRules:
    """Return the one row of rules, made when it is first asked for."""
    found, _ = InterestRules.objects.get_or_create(pk=ONLY)
    return found


def change_fading(fading: Fading) -> None:
    """Have everybody looked at anew by other limits."""
    rules()
    InterestRules.objects.filter(pk=ONLY).update(
        half_life_days=fading.half_life_days, least_points=fading.least_points, recount_from=0
    )


def recount() -> None:
    """Have everybody looked at anew, as after a change of the words."""
    rules()
    InterestRules.objects.filter(pk=ONLY).update(recount_from=0)


def look_again_at(contact_ids: Collection[int], *, now: datetime) -> None:
    """Have what these people seem to care about computed anew: they were merged, parted, or object no more."""
    EventTally.objects.filter(
        Among("contact_id", contact_ids), name__in=list(catalogue.signs_of_interest())
    ).update(interest_due_at=now)


def by_name() -> dict[str, int]:
    """Return the id of every interest, by its name as ``interest_signs.folded`` writes it."""
    return {interest_signs.folded(name): pk for pk, name in Interest.objects.values_list("pk", "name")}


def ids_of(names: Collection[str]) -> dict[str, int]:
    """
    Return the id of the interest of each of these names, whatever their capitals.

    :raises UnknownInterest: for a name that no interest has.
    """
    known = by_name()
    unknown = sorted(name for name in names if interest_signs.folded(name) not in known)
    if unknown:
        raise UnknownInterest(f"There is no interest named {', '.join(map(repr, unknown))}.")
    return {name: known[interest_signs.folded(name)] for name in names}


@transaction.atomic
def state(
    contact_id: int, wanted: Mapping[int, bool], *, site_id: int | None, source: str, now: datetime
) -> dict[int, bool]:
    """
    Note what somebody says they care about, or no more, and return what of it is new.

    What a contact said who was merged into this one counts as theirs. With a site, each that is new to them is an
    event of it. Whoever was erased says nothing.

    :param wanted: by the interest's id; an interest that is not among them stays as it is.
    """
    speaker = lock_present([contact_id]).get(contact_id)
    if speaker is None:
        return {}
    family = [speaker.pk, *contacts.merged_into([speaker.pk])]
    names = dict(Interest.objects.filter(pk__in=wanted).values_list("pk", "name"))
    rows = StatedInterest.objects.filter(Among("contact_id", family), interest__in=names, current=1)
    held = set(rows.values_list("interest_id", flat=True))
    new = {pk: is_one for pk, is_one in sorted(wanted.items()) if pk in names and (pk in held) != is_one}
    rows.filter(interest__in=[pk for pk, is_one in new.items() if not is_one]).update(current=None, until=now)
    begun = [pk for pk, is_one in new.items() if is_one]
    claims.insert_new(
        [
            StatedInterest(contact_id=speaker.pk, interest_id=pk, source=source[:64], since=now)
            for pk in begun
        ],
        unique=["contact", "interest", "current"],
    )
    if begun and site_id is not None:
        events.record_events(
            [
                EventDraft(
                    name=STATED,
                    key=f"interest:{speaker.pk}:{pk}:{now.isoformat()}",
                    store=OUR_STORE,
                    site_id=site_id,
                    contact_id=speaker.pk,
                    source="page",
                    occurred_at=now,
                    recorded_at=now,
                    properties={"interest_id": pk, "interest": names[pk], "source": source},
                )
                for pk in begun
            ]
        )
    return new


def new_to(told: Mapping[int, Collection[int]]) -> dict[int, set[int]]:
    """
    Return what somebody else tells of these contacts, who speak for themselves, and they have never said either way.

    What they took back stays taken back: a list is no word of theirs.
    """
    speaks_for = contacts.speakers(told)
    found = {pk: set(interests) for pk, interests in told.items()}
    said = StatedInterest.objects.filter(
        Among("contact_id", speaks_for), interest__in=set().union(*found.values())
    )
    for contact_id, interest_id in said.values_list("contact_id", "interest_id"):
        found[speaks_for[contact_id]].discard(interest_id)
    return {pk: new for pk, new in found.items() if new}


@transaction.atomic
def state_many(told: Mapping[int, Collection[int]], *, source: str, now: datetime) -> dict[int, set[int]]:
    """
    Note what somebody else tells that many people care about, in a fixed number of queries, and return what is new.

    It takes nothing away, gives nobody back what they took back, and is no event: nobody has done anything now.

    :param told: interests' ids by the contact's; whoever was merged hears it through who speaks for them.
    :return: by the id of who speaks; whoever was erased is not among them.
    """
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for pk, speaker in lock_present(told).items():
        wanted[speaker.pk] |= set(told[pk])
    known = set(Interest.objects.filter(pk__in=set().union(*wanted.values())).values_list("pk", flat=True))
    new = new_to({pk: interests & known for pk, interests in wanted.items()})
    claims.insert_new(
        [
            StatedInterest(contact_id=pk, interest_id=interest_id, source=source[:64], since=now)
            for pk, interests in sorted(new.items())
            for interest_id in sorted(interests)
        ],
        unique=["contact", "interest", "current"],
    )
    return new


@transaction.atomic
def forget_inferred(contact_id: int, *, now: datetime) -> int:
    """
    Forget what somebody seems to care about; what they did up to now is no sign of it any more.

    :return: how many interests were forgotten.
    """
    speaker = lock_speakers([contact_id]).get(contact_id)
    if speaker is None:
        return 0
    ForgottenInterests.objects.update_or_create(contact_id=speaker.pk, defaults={"until": now})
    gone, _ = InferredInterest.objects.filter(contact_id=speaker.pk).delete()
    return gone
