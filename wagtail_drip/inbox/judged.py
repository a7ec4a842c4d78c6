"""
What we judged to be a stop and was none, and the other way round: a member of staff says so, once.

A judgement closes by a method and a reason of its own (``ConsentMethod.PHRASE``), which any surer stop, complaint or
answer that comes later replaces. So what still bears them was closed by judgements alone, and may be opened again as
far as no other judged text of the same person stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, querysets
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup
from wagtail_drip.core import claims, keys
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.inbox import actions, own_pages, senders
from wagtail_drip.messaging import bad_numbers, inbound_texts
from wagtail_drip.messaging.models import InboundText


class TextsWait(WagtailDripError):
    """Somebody has texted again, and that is not read yet: it may be a stop. Try again in a minute."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """:ivar restored: how many permissions and suppressions this opened again, or closed: 0 where others hold them."""

    restored: int


def not_a_stop(
    inbound_text_id: int, *, reason: str, staff_user_id: int, by: str, now: datetime
) -> Reviewed | None:
    """
    Open again what a judged stop closed, and nothing that anything else did; None if it is no judged stop (any more).

    Texts that it cancelled stay cancelled, and sequences that it ended are not entered again.

    :param reason: stands in the consent records, with who said so.
    :raises TextsWait: if a later text of theirs is not read yet; nothing is written.
    """
    return claims.retried(
        lambda: _not_a_stop(inbound_text_id, reason=reason, staff_user_id=staff_user_id, by=by, now=now)
    )


def a_stop(inbound_text_id: int, *, reason: str, staff_user_id: int, now: datetime) -> Reviewed | None:
    """
    Obey a reply, or a judged stop, as one that is beyond doubt; None if it is no such text (any more).

    They are not answered: what they texted may be long ago.
    """
    return claims.retried(
        lambda: _a_stop(inbound_text_id, reason=reason, staff_user_id=staff_user_id, now=now)
    )


@transaction.atomic
def _not_a_stop(pk: int, *, reason: str, staff_user_id: int, by: str, now: datetime) -> Reviewed | None:
    text = _find(pk)
    if text is None:
        return None
    people = _lock(text)
    if _of(text, people).filter(verdict="").exists():
        raise TextsWait("A later text of theirs is not read yet: try again in a minute.")
    if not inbound_texts.overturn(text.pk):
        return None
    _note(text, "not_a_stop", people, reason=reason, staff_user_id=staff_user_id, now=now)
    reach = senders.reach(gateway=text.gateway, to_number=text.to_number)
    scopes = set(_closed_scopes(text.from_number, reach))
    site_ids = set(reach.site_ids)
    started = _started(people)
    for other in _of(text, people).filter(verdict="stop").exclude(phrase=""):
        theirs = senders.reach(gateway=other.gateway, to_number=other.to_number)
        # What they started again themselves, it holds no more.
        holds = {
            each for each in theirs.site_ids if each not in started or started[each] <= other.recorded_at
        }
        if holds or not theirs.site_ids:
            scopes -= set(_closed_scopes(text.from_number, theirs))
        site_ids -= holds
    lifted = sum(
        compliance.lift(phone=text.from_number, scope=scope, scope_value=value, now=now)
        for scope, value in sorted(scopes)
    )
    if lifted:
        # Who texts us has a number that works.
        bad_numbers.forget(text.from_number)
    restored = contacts.restore_marketing(
        contact_ids=people,
        complained_at=actions.complained(people),
        site_ids=site_ids,
        withdrawn_by=[ConsentMethod.PHRASE],
        is_latest=True,
        source=f"staff:{by}",
        method=ConsentMethod.STAFF,
        wording=reason,
        staff_user_id=staff_user_id,
        now=now,
    )
    return Reviewed(restored=lifted + restored)


@transaction.atomic
def _a_stop(pk: int, *, reason: str, staff_user_id: int, now: datetime) -> Reviewed | None:
    text = _find(pk)
    if text is None:
        return None
    people = _lock(text)
    was_judged = text.verdict == "stop"
    if not inbound_texts.confirm_stop(text.pk):
        return None
    _note(text, "a_stop", people, reason=reason, staff_user_id=staff_user_id, now=now)
    reach = senders.reach(gateway=text.gateway, to_number=text.to_number)
    has_closed = actions.stop(
        number=text.from_number,
        reach=reach,
        source=actions.source_of(text.gateway, text.to_number),
        wording=text.text,
        staff_user_id=staff_user_id,
        now=now,
    )
    if has_closed and not was_judged:
        properties = {"purpose_group": "marketing", "source": "phrase", "inbound_text_id": text.pk}
        for contact_id in people[:1]:
            for site_id in reach.site_ids[:1]:
                own_pages.record("opted_out", contact_id, site_id, now=now, properties=properties)
    return Reviewed(restored=int(has_closed))


def _find(pk: int) -> InboundText | None:
    """Return a text that is read and whose number we still know; it is erased after its time."""
    return InboundText.objects.filter(pk=pk, due_at=None).exclude(from_number="").first()


def _lock(text: InboundText) -> list[int]:
    """Lock everybody whom a stop from this number would have reached, as it does, and return their ids."""
    also = {*merging.merged_from(text.from_number), *([text.contact_id] if text.contact_id else [])}
    return actions.lock(text.from_number, also=also)


def _of(text: InboundText, people: list[int]) -> QuerySet[InboundText]:
    """Return all other texts of the same person, by the number or by who they are."""
    everybody = {*people, *querysets.merged_into(people)}
    numbers = {text.from_number, text.from_number.lstrip("+")}
    rows = InboundText.objects.filter(Q(contact__in=everybody) | Q(from_number__in=numbers))
    return rows.exclude(pk=text.pk)


def _started(people: list[int]) -> dict[int, datetime]:
    """Return when they last opened marketing themselves, by the site."""
    rows = ConsentRecord.objects.filter(
        contact__in=people,
        purpose_group=PurposeGroup.MARKETING,
        granted=True,
        method__in=[ConsentMethod.KEYWORD, ConsentMethod.PAGE, ConsentMethod.DOUBLE_OPT_IN],
    )
    return dict(rows.order_by().values_list("site_id").annotate(last=Max("recorded_at")))


def _closed_scopes(number: str, reach: senders.Reach) -> list[tuple[str, str]]:
    stopped = Suppression.objects.filter(
        number_hash__in=keys.number_hashes(number), reason=compliance.STOP_PHRASE, lifted_at=None
    ).values_list("scope", "scope_value")
    return actions.reached(list(stopped), reach)


def _note(
    text: InboundText,
    decision: str,
    people: list[int],
    *,
    reason: str,
    staff_user_id: int,
    now: datetime,
) -> None:
    head = querysets.resolve_merged([text.contact_id])[text.contact_id] if text.contact_id else None
    compliance.write_stop_review(
        inbound_text_id=text.pk,
        contact_id=head or next(iter(people), None),
        decision=decision,
        reason=reason,
        staff_user_id=staff_user_id,
        now=now,
    )
