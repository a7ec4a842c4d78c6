"""What a keyword does: stop and start, each in one transaction under the contact's lock, each harmless twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.compliance import own_keywords
from wagtail_drip.compliance import querysets as compliance_rows
from wagtail_drip.compliance.keywords import Verdict
from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import merging, phone, querysets
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.speaking import lock_speakers
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import claims, keys
from wagtail_drip.gateways.types import InboundEvent
from wagtail_drip.inbox import senders
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging import bad_numbers

# Only suppressions with these reasons are lifted by START, as only these withdrawals are undone.
STOP_KEYWORD = "stop_keyword"
STOP_PAGE = "stop_page"
BY_THEMSELVES: Mapping[ConsentMethod, str] = {
    ConsentMethod.KEYWORD: STOP_KEYWORD,
    ConsentMethod.PHRASE: compliance.STOP_PHRASE,
    ConsentMethod.PAGE: STOP_PAGE,
}
PROVIDER = "provider"
# Of who was erased: only they themselves can come back, from their own phone.
ERASED = "erased"


def apply_stop_at_once(
    *,
    gateway: str,
    inbound: InboundEvent,
    now: datetime,
    own: own_keywords.Read = compliance_rows.own_keywords,
) -> bool:
    """
    Stop whoever texts a stop keyword, or asks for it otherwise, before the webhook answers; return whether they did.

    What the provider itself took for an opt-out is one too. The text is read again later, from its row;
    stopping twice is harmless.

    :param own: reads the shop's own words: ``keywords_once`` where there is more than one text.
    """
    reach = senders.reach(gateway=gateway, to_number=inbound.to_number)
    number = senders.read_number(inbound.from_number, region=reach.region)
    verdict = own_keywords.understand(inbound.text, region=phone.region_of(number), own=own)
    if verdict.kind != "stop" and not inbound.opted_out:
        return False
    claims.retried(
        lambda: stop(
            number=number,
            reach=reach,
            source=source_of(gateway, inbound.to_number),
            wording=inbound.text,
            method=ConsentMethod.PROVIDER
            if inbound.opted_out and (verdict.kind != "stop" or verdict.phrase)
            else method_of(verdict),
            now=now,
        )
    )
    return True


def method_of(verdict: Verdict) -> ConsentMethod:
    """Return by which way somebody whose text is understood so has stopped; neither word is the provider's say."""
    if verdict.phrase:
        return ConsentMethod.PHRASE
    return ConsentMethod.KEYWORD if verdict.keyword else ConsentMethod.PROVIDER


def source_of(gateway: str, to_number: str) -> str:
    """Return how a consent record names the sender that a keyword came to."""
    return f"sms:{gateway}:{to_number}"[:191]


@transaction.atomic
def stop(
    *,
    number: str,
    reach: senders.Reach,
    source: str,
    wording: str,
    method: ConsentMethod = ConsentMethod.KEYWORD,
    staff_user_id: int | None = None,
    now: datetime,
) -> bool:
    """
    Suppress the number, withdraw marketing on every site of the sender, and cancel what waits for it there.

    A number that we do not know is suppressed all the same: it may be imported tomorrow.

    :return: whether anything was open before.
    """
    # A stop counts for the person, from whichever of their numbers it comes.
    contact_ids = lock(number, also=merging.merged_from(number))
    closed = 0
    for scope, value in reach.scopes:
        closed += compliance.suppress(
            phone=number,
            scope=scope,
            scope_value=value,
            reason=BY_THEMSELVES.get(method, PROVIDER),
            source=source,
            now=now,
        )
    if not contact_ids:
        return bool(closed)
    closed += contacts.withdraw_marketing(
        contact_ids=contact_ids,
        site_ids=reach.site_ids,
        source=source,
        method=method,
        wording=wording,
        staff_user_id=staff_user_id,
        now=now,
    )
    everywhere = ("all", "") in reach.scopes
    messaging.cancel_for_contacts(
        contact_ids=contact_ids, reason="suppressed", now=now, site_ids=None if everywhere else reach.site_ids
    )
    return bool(closed)


@transaction.atomic
def start(
    *,
    number: str,
    reach: senders.Reach,
    source: str,
    wording: str,
    method: ConsentMethod = ConsentMethod.KEYWORD,
    now: datetime,
) -> bool:
    """
    Undo what they stopped by a keyword or on our page, and nothing else; return whether there was anything.

    Marketing that they complained of after they stopped it stays closed: they agree anew, or do not.

    A list of numbers that are never to be texted was somebody else's word: theirs, from their own phone, counts more.

    Who was erased may be texted again once they ask for it from their own phone, and has agreed to nothing yet.

    A number suppressed for another reason stays so, and what was never agreed to is not agreed to now.
    """
    contact_ids = lock(number)
    # Who texts us has a number that works.
    from_their_phone = (
        [ERASED, compliance.BAD_NUMBER, compliance.LISTED] if method is ConsentMethod.KEYWORD else []
    )
    reasons = [*BY_THEMSELVES.values(), *from_their_phone]
    stopped = Suppression.objects.filter(
        number_hash__in=keys.number_hashes(number),
        reason__in=reasons,
        lifted_at=None,
    ).values_list("scope", "scope_value")
    lifted = 0
    for scope, value in reached(list(stopped), reach):
        lifted += compliance.lift(phone=number, scope=scope, scope_value=value, now=now)
    if method is ConsentMethod.KEYWORD:
        bad_numbers.forget(number)
    restored = contacts.restore_marketing(
        contact_ids=contact_ids,
        complained_at=complained(contact_ids),
        site_ids=reach.site_ids,
        withdrawn_by=BY_THEMSELVES,
        method=method,
        source=source,
        wording=wording,
        now=now,
    )
    return bool(lifted or restored)


def complained(contact_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these people complained last, whichever of their contacts it was. Their locks are held."""
    heads = set(querysets.resolve_merged(contact_ids).values())
    speaks_for = querysets.speakers(heads)
    found: dict[int, datetime] = {}
    for contact_id, at in compliance_rows.last_complaints(speaks_for).items():
        head = speaks_for[contact_id]
        found[head] = max(found.get(head, at), at)
    return found


def reached(stopped: list[tuple[str, str]], reach: senders.Reach) -> list[tuple[str, str]]:
    """Return the suppressions that a START to this sender speaks of, whatever a stop counted for back then."""
    of_reach = {
        *reach.scopes,
        *(("site", str(site_id)) for site_id in reach.site_ids),
        *(("sender", f"{row.sender_gateway}:{row.sender_address}") for row in reach.sites),
    }
    return sorted({pair for pair in stopped if pair in of_reach or pair[0] == "all"})


def lock(number: str, *, also: Collection[int] = ()) -> list[int]:
    """Lock who answers for *number* and who speaks for *also*, as the gate does, and return their ids."""
    ids = {*Contact.objects.filter(active_phone=number).values_list("pk", flat=True), *also}
    return sorted({speaker.pk for speaker in lock_speakers(ids).values()})
