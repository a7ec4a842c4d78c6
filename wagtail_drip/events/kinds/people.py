"""Who somebody is, what they agreed to, and what they did with our messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wagtail_drip.events.kinds.wording import kind, needed, optional
from wagtail_drip.events.types import ANY, MOMENT, NUMBER, EventType

MESSAGE = (
    optional("message_key", _("Message"), "enr:1:1"),
    optional("sequence_id", _("Sequence"), 1, type=NUMBER),
    optional("step_id", _("Step"), "3f2a"),
)
SEGMENT = (
    needed("segment_id", _("Segment's number"), 1, type=NUMBER),
    optional("segment", _("Segment"), "Regulars"),
)
CHOICE = (
    optional("purpose_group", _("Kind of messages"), "marketing"),
    optional("topic", _("Topic"), "offers"),
    optional("source", _("Where"), "keyword"),
)

EVENTS: list[EventType] = [
    kind(
        "customer_registered",
        _("Customer registered"),
        _("Somebody registers"),
        optional("plan", _("Plan"), "free"),
    ),
    kind("customer_updated", _("Customer's details changed"), _("A customer's details change")),
    kind("customer_deleted", _("Customer deleted"), _("A customer's account is deleted")),
    kind("consent_changed", _("Consent changed"), _("Somebody's consent changes"), *CHOICE),
    kind(
        "preferences_changed",
        _("Preferences changed"),
        _("Somebody changes what they want on their own page"),
        optional("paused_until", _("Paused until"), "2026-12-24T09:00:00+00:00", type=MOMENT),
        optional("most_per_week", _("At most in 7 days"), 1, type=NUMBER),
        optional("most_per_month", _("At most in 30 days"), 4, type=NUMBER),
        optional("not_before_hour", _("Not before (hour)"), 9, type=NUMBER),
        optional("not_after_hour", _("Not after (hour)"), 20, type=NUMBER),
        optional("language", _("Language"), "en"),
    ),
    kind(
        "link_clicked",
        _("Link clicked"),
        _("A link in a message is clicked"),
        needed("link_id", _("Link"), 1, type=NUMBER),
        needed("url", _("Address"), "https://shop.example/coffee"),
        *MESSAGE,
        interest=2,
    ),
    kind(
        "message_replied",
        _("Reply received"),
        _("Somebody answers a message"),
        optional("text", _("Text"), "Thank you!"),
        optional("word", _("Keyword"), "thank you"),
        *MESSAGE,
    ),
    kind(
        "form_submitted",
        _("Form sent"),
        _("A form of the site is sent"),
        optional("page_id", _("Page"), 1, type=NUMBER),
        optional("form", _("Form"), "Win a grinder"),
        optional("fields", _("What was filled in"), {"city": "Leeds"}, type=ANY),
    ),
    kind(
        "interest_stated",
        _("Interest told"),
        _("Somebody says what they are interested in"),
        needed("interest_id", _("Interest's number"), 1, type=NUMBER),
        needed("interest", _("Interest"), "Coffee"),
        optional("source", _("Where"), "page:preferences"),
    ),
    kind("segment_entered", _("Segment entered"), _("Somebody comes into a segment"), *SEGMENT),
    kind("segment_left", _("Segment left"), _("Somebody leaves a segment"), *SEGMENT),
    kind(
        "stage_changed",
        _("Stage changed"),
        _("Somebody's stage as a customer changes"),
        needed("stage", _("Stage"), "at_risk"),
        needed("from", _("Stage before"), "loyal"),
    ),
    kind(
        "opted_out",
        _("Opted out"),
        _("Somebody opts out"),
        optional("keyword", _("Keyword"), "STOP"),
        *CHOICE,
    ),
    kind(
        "opted_in", _("Opted in"), _("Somebody opts in"), optional("keyword", _("Keyword"), "START"), *CHOICE
    ),
]
