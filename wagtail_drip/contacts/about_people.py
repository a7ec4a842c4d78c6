"""What this room's tables hold about people."""

from __future__ import annotations

from django.db.models import Q

from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import (
    ConsentRecord,
    Contact,
    ContactDate,
    ContactIdentity,
    ContactTag,
    DataRequest,
    OptInRequest,
    Permission,
)
from wagtail_drip.core.personal_data import Age, Erasing, Held, Kind, of_contact

# What erasing blanks of a contact, at once.
PERSONAL = {
    "phone": Kind.NUMBER,
    "active_phone": Kind.NUMBER,
    "email": Kind.EMAIL,
    "first_name": Kind.NAME,
    "last_name": Kind.NAME,
    "language": Kind.PROFILE,
    "region": Kind.PROFILE,
    "zone": Kind.PROFILE,
    "zone_source": Kind.PROFILE,
    "preferred_channel": Kind.PROFILE,
    "most_per_week": Kind.PROFILE,
    "most_per_month": Kind.PROFILE,
    "paused_until": Kind.PROFILE,
    "not_before_hour": Kind.PROFILE,
    "not_after_hour": Kind.PROFILE,
    "restricted_at": Kind.PROFILE,
    "objected_at": Kind.PROFILE,
    "attributes": Kind.VALUES,
    "user": Kind.KEY,
}

HELD = (
    Held(
        model=Contact,
        why="Who somebody is and how to reach them.",
        rows=of_contact(Contact, "pk"),
        personal=PERSONAL,
        plain="id merged_into erased_at created_at changed_at",
    ),
    Held(
        model=ContactIdentity,
        why="Under which key a shop knows them.",
        rows=of_contact(ContactIdentity),
        personal={"value": Kind.KEY},
        plain="id contact store kind",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=ContactTag,
        why="Words that the shop keeps about them.",
        rows=of_contact(ContactTag),
        personal={"tag": Kind.PROFILE},
        plain="id contact at",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=ContactDate,
        why="Their birthdays and other dates, to be found by day.",
        rows=of_contact(ContactDate),
        personal={"on": Kind.PROFILE, "month": Kind.PROFILE, "day": Kind.PROFILE},
        plain="id contact name",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=ConsentRecord,
        why="Proof of what they agreed to or withdrew.",
        rows=of_contact(ConsentRecord),
        # The chain stays whole without them: see contacts.chain.
        personal={"wording": Kind.TEXT, "ip": Kind.ADDRESS, "salt": Kind.TEXT},
        kept={
            "digest": "proof: by it nobody can change a record unseen",
            "personal_digest": "proof, from which nothing can be guessed once the salt is gone",
        },
        plain="id contact site purpose_group channel topic granted source method wording_version page_id "
        "revision_id staff_user at recorded_at previous",
    ),
    Held(
        model=OptInRequest,
        why="Who typed a number into a form, what they were asked, and whether its owner said yes.",
        rows=of_contact(OptInRequest),
        personal={
            "ip": Kind.ADDRESS,
            "network": Kind.ADDRESS,
            "language": Kind.PROFILE,
            "interests": Kind.PROFILE,
        },
        ages=(
            # The proof keeps its address, sealed into the chain.
            Age(
                setting="KEEP_CLICK_DAYS",
                since="requested_at",
                blanks=("ip", "network"),
            ),
        ),
        plain="id contact site purpose_group topic is_double state source wording wording_version page_id "
        "revision_id token requested_at expires_at settled_at confirmed_by inbound_text_id record",
    ),
    Held(
        model=DataRequest,
        why="When somebody asked to see their data, and whether the code opened it.",
        rows=of_contact(DataRequest),
        kept={"code_hash": "a keyed hash of a code that is good for half an hour"},
        plain="id contact site state attempts requested_at expires_at",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=ContactMerge,
        why="That two contacts are one person, and what it takes to undo that.",
        rows=lambda person: ContactMerge.objects.filter(
            Q(merged__in=person.contact_ids) | Q(into__in=person.contact_ids)
        ),
        personal={"number": Kind.NUMBER, "changes": Kind.VALUES},
        ages=(Age(setting="KEEP_MERGE_DAYS", since="at", blanks=("changes",)),),
        plain="id merged into at by undone_at undone_by",
    ),
    Held(
        model=Permission,
        why="What the consent records come to.",
        rows=of_contact(Permission),
        plain="id contact site group channel topic granted since record",
        erasing=Erasing.KEEP,
    ),
)
