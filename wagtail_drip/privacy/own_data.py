"""
What somebody sees of their own data and does with it, once a code sent to their number has opened it.

The address of a person's own pages is forwarded, stands in the history of a shared browser and never expires: it opens
none of this. The code is read by whoever holds the phone, is good for half an hour and for five tries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts import own_data_actions as own_data
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact, DataRequest
from wagtail_drip.contacts.types import Purpose
from wagtail_drip.core import claims
from wagtail_drip.messaging import actions as messaging
from wagtail_drip.messaging.types import DATA_LICENCE, MessageDraft
from wagtail_drip.privacy import erase, inventory, people, trail
from wagtail_drip.stores import interest_actions

BY = "their own page"
BIRTHDAY = "birthday"
_SALT = "wagtail_drip.own_data"
# In their words, by the tables of the inventory; the first of each is the one whose rows are counted.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (gettext_lazy("Texts we sent or will send you"), ("Message", "Receipt", "SendLedger", "NumberFailure")),
    (gettext_lazy("Texts you wrote to us"), ("InboundText", "Callback", "StopReview")),
    (
        gettext_lazy("What you agreed to or said no to"),
        ("ConsentRecord", "Permission", "OptInRequest", "DataRequest"),
    ),
    (
        gettext_lazy("Orders"),
        ("Purchase", "PurchaseLine", "PurchaseChange", "PurchaseTally", "SpendTally"),
    ),
    (gettext_lazy("Baskets"), ("Cart",)),
    (gettext_lazy("Links in our texts, and when they were opened"), ("Link", "Click")),
    (gettext_lazy("What you did in the shop"), ("Event", "EventTally", "Notice")),
    (
        gettext_lazy("Series of texts you are or were in"),
        ("Enrolment", "StepVisit", "OutsideCall", "VersionMove"),
    ),
    (gettext_lazy("Groups of customers you are or were in"), ("SegmentMembership",)),
    (gettext_lazy("How loyal a customer you are or were, in our eyes"), ("LifeStage",)),
    (gettext_lazy("What you said you are interested in"), ("StatedInterest",)),
    (
        gettext_lazy("What you seem to be interested in, by what you did"),
        ("InferredInterest", "ForgottenInterests"),
    ),
    (gettext_lazy("Complaints of yours that the shop noted"), ("Complaint",)),
    (gettext_lazy("Words the shop noted about you"), ("ContactTag",)),
)
OTHER = gettext_lazy("Who you are, and how the shop and we recognise you")


@dataclass(frozen=True, kw_only=True)
class Kept:
    label: str
    number: int


def ask(*, contact_id: int, site_id: int, sender: str, language: str, now: datetime) -> bool:
    """Send the code that opens somebody's data to their number; return whether one goes now."""
    return claims.retried(
        lambda: _ask(contact_id=contact_id, site_id=site_id, sender=sender, language=language, now=now)
    )


@transaction.atomic
def _ask(*, contact_id: int, site_id: int, sender: str, language: str, now: datetime) -> bool:
    locked = claims.lock_in_order(querysets.alive().filter(pk=contact_id))
    if not locked or not locked[0].active_phone:
        return False
    asked = own_data.ask(contact_id=contact_id, site_id=site_id, now=now)
    if asked is None:
        return False
    request, code = asked
    with translation.override(language):
        body = _("%(sender)s: %(code)s opens your data for 30 minutes. Give this code to nobody.") % {
            "sender": sender[:40],
            "code": code,
        }
    key = f"{DATA_LICENCE}{request.pk}"
    messaging.queue(
        [
            MessageDraft(
                key=key,
                contact_id=contact_id,
                site_id=site_id,
                purpose=Purpose.RESPONSE,
                licence=key,
                body=body,
                lane=0,
                due_at=now,
                expires_at=request.expires_at,
                track_links=False,
            )
        ],
        now=now,
    )
    return True


def open_with(*, contact_id: int, site_id: int, code: str, now: datetime) -> str:
    """Return the token of the opened page; '' for a wrong, late or used code, or after too many tries."""
    request = own_data.open_with(contact_id=contact_id, site_id=site_id, code=code, now=now)
    return TimestampSigner(salt=_SALT).sign(str(request.pk)) if request is not None else ""


def find(token: str, *, now: datetime) -> DataRequest | None:
    """Return the request that *token* stands for while it is open, with its contact."""
    try:
        pk = int(TimestampSigner(salt=_SALT).unsign(token, max_age=own_data.GOOD_FOR))
    except (BadSignature, ValueError):
        return None
    found = DataRequest.objects.select_related("contact").filter(
        pk=pk,
        state=own_data.OPENED,
        expires_at__gt=now,
        contact__erased_at=None,
        contact__merged_into=None,
    )
    return found.first()


def kept(contact_id: int, *, now: datetime) -> list[Kept]:
    """Return how much of what is held, in plain words; a table that stands in no group counts to the last."""
    person = people.person(contact_id, until=now)
    group_of = {name: label for label, names in GROUPS for name in names}
    counted = {str(names[0]) for _label, names in GROUPS}
    numbers: dict[Any, int] = {label: 0 for label, _names in GROUPS}
    numbers[OTHER] = 0
    for each in inventory.of_people():
        if each.rows is not None and (each.name in counted or each.name not in group_of):
            numbers[group_of.get(each.name, OTHER)] += each.rows(person).count()
    return [Kept(label=str(label), number=number) for label, number in numbers.items() if number]


def correct(contact: Contact, *, fields: Mapping[str, str], birthday: str | None, now: datetime) -> list[str]:
    """
    Write what somebody says is right, and return the names of what changed.

    :param fields: of first_name, last_name and language.
    :param birthday: in ISO 8601, '' takes it away; None leaves it as it is.
    """
    changes: dict[str, Any] = {
        name: value for name, value in fields.items() if value != getattr(contact, name)
    }
    if birthday is not None and birthday != str(contact.attributes.get(BIRTHDAY) or ""):
        changes["attributes"] = {BIRTHDAY: birthday or None}
    if changes:
        contacts.update_contacts({contact.pk: changes}, now=now)
        trail.note(contact.pk, trail.CORRECTED, by=BY)
    return sorted(BIRTHDAY if name == "attributes" else name for name in changes)


def restrict(contact_id: int, *, is_restricted: bool, now: datetime) -> bool:
    """Keep their data and do nothing with it, or again as before; return whether that is new."""
    is_new = claims.retried(lambda: own_data.restrict(contact_id, is_restricted=is_restricted, now=now))
    if is_new:
        interest_actions.look_again_at([contact_id], now=now)
        trail.note(contact_id, trail.RESTRICTED if is_restricted else trail.UNRESTRICTED, by=BY)
    return is_new


def object_to_profiling(contact_id: int, *, objects: bool, now: datetime) -> bool:
    """Conclude nothing from what they do, or again as before; return whether that is new."""
    is_new = claims.retried(lambda: own_data.object_to_profiling(contact_id, objects=objects, now=now))
    if is_new:
        interest_actions.look_again_at([contact_id], now=now)
        trail.note(contact_id, trail.OBJECTED if objects else trail.AGREED_AGAIN, by=BY)
    return is_new


def forget_interests(contact_id: int, *, now: datetime) -> None:
    """Forget what they seem to be interested in; what they did up to now says nothing of it any more."""
    claims.retried(lambda: interest_actions.forget_inferred(contact_id, now=now))
    trail.note(contact_id, trail.INTERESTS_FORGOTTEN, by=BY)


def forget(request: DataRequest, *, code: str, now: datetime) -> bool:
    """
    Erase the person, if *code* is the one that opened the page, and return whether it is.

    Nobody may text them; they may come back one day by texting START themselves.
    """
    if not own_data.confirm_with(request, code=code):
        return False
    own_data.close(request)
    head = querysets.resolve_merged([request.contact_id])[request.contact_id]
    erase.begin(head, now=now, by=BY)
    return True
