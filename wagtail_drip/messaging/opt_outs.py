"""What a gateway tells us of numbers that have said stop to it: we believe it, and write it down as our own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from wagtail_drip.compliance import actions as compliance
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import ConsentMethod
from wagtail_drip.core import claims
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.messaging import facts
from wagtail_drip.messaging.types import Claimed


def believe(messages: Sequence[Claimed], *, now: datetime) -> None:
    """
    Suppress the numbers of *messages* for their sender, and withdraw marketing on every site that uses it.

    Call it in a transaction, before any message is touched: it locks the contacts.
    """
    if not messages:
        return
    contact_ids = {message.contact_id for message in messages}
    rows: Any = facts.people_rows(facts.with_heads(contact_ids))
    people = facts.heads(contact_ids, claims.lock_in_order(rows))
    by_sender: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for message in messages:
        by_sender[message.gateway, message.sender].add(message.contact_id)
    for (gateway, sender), who in sorted(by_sender.items()):
        known = [people[contact_id] for contact_id in sorted(who) if contact_id in people]
        compliance.suppress_all(
            phones=[person.active_phone for person in known if person.active_phone],
            scope="sender",
            scope_value=f"{gateway}:{sender}",
            reason="provider",
            source=f"gateway:{gateway}",
            now=now,
        )
        contacts.withdraw_marketing(
            contact_ids={person.id for person in known},
            site_ids=sites_of_sender(
                gateway, sender, also={m.site_id for m in messages if m.contact_id in who}
            ),
            source=f"gateway:{gateway}",
            method=ConsentMethod.PROVIDER,
            now=now,
        )


def sites_of_sender(gateway: str, sender: str, *, also: Collection[int] = ()) -> set[int]:
    """Return the sites that text from this sender."""
    rows = SiteSettings.objects.filter(sender_gateway=gateway, sender_address=sender)
    return {*rows.values_list("site_id", flat=True), *also}
