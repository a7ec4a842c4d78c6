"""How the shop texts: its settings, who has agreed, and three sequences that run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from wagtail.models import Site

from sandbox.seed.people import CUSTOMERS
from sandbox.seed.tasting import TASTING
from wagtail_drip import tasks
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Permission
from wagtail_drip.contacts.types import Consent, ConsentMethod, Identity, PurposeGroup
from wagtail_drip.core import actions as core
from wagtail_drip.core.caps import default_caps
from wagtail_drip.messaging import accounts
from wagtail_drip.sequences.models import Sequence
from wagtail_drip.test.sequences import live_sequence

STAFF_NUMBER = "+447400100800"
WORDING = "Text me offers and news from Leaf & Bean. Reply STOP at any time."
# Open at all hours, so that the sandbox answers whenever it is tried. British law names no quiet hours.
ALWAYS = {str(day): [["00:00", "23:59"]] for day in range(7)}

SEQUENCES: tuple[dict[str, Any], ...] = (
    {
        "name": "Welcome",
        "purpose": "welcome",
        "trigger": "customer_registered",
        "goal": "order_placed",
        "notes": "For everybody who makes an account and agrees to texts.",
        "steps": [
            (
                "send_message",
                {
                    "name": "Hello",
                    "text": 'Hello {{ contact.first_name | default: "there" }}, welcome to {{ shop.name }}! '
                    "Our brewing guide is a good place to begin: {{ shop.url }}/brewing/ Reply STOP to opt out.",
                },
            ),
            ("wait_duration", {"amount": 3, "unit": "days"}),
            (
                "send_message",
                {
                    "name": "A first tin",
                    "expires_hours": 8 * 24,  # may wait for room under the weekly cap
                    "text": 'Not sure what to try first, {{ contact.first_name | default: "friend" }}? '
                    "Most people begin with Dragon Well or the House Espresso: {{ shop.url }}/catalogue/",
                },
            ),
        ],
    },
    {
        "name": "Thank you for your order",
        "purpose": "transactional",
        "trigger": "order_placed",
        "reentry": "always",
        "keyed": True,
        "notes": "Each order gets its own thanks, and a question after it should have arrived.",
        "steps": [
            (
                "send_message",
                {
                    "name": "Thanks",
                    "text": 'Thank you {{ contact.first_name | default: "" }}! Your order {{ order.number }} '
                    "({{ order.currency }} {{ order.total }}) is in good hands. We post on Tuesdays.",
                },
            ),
            ("wait_duration", {"amount": 6, "unit": "days"}),
            (
                "send_message",
                {
                    "name": "How was it?",
                    "purpose": "information",
                    "text": "How do you like the {{ order.first_product }}? How to brew it at its best: "
                    "{{ shop.url }}/brewing/ Reply STOP to opt out.",
                },
            ),
            ("wait_duration", {"amount": 3, "unit": "days"}),
            (
                "branch",
                {
                    "test": "done",
                    "event": "link_clicked",
                    "yes": [
                        (
                            "send_message",
                            {
                                "name": "For the curious",
                                "purpose": "promotional",
                                "text": "A pot makes the difference: our stoneware teapot holds three cups. "
                                "{{ shop.url }}/catalogue/",
                            },
                        )
                    ],
                    "no": [("exit", {"reason": "Not interested in the guide"})],
                },
            ),
        ],
    },
    {
        "name": "Forgotten basket",
        "purpose": "promotional",
        "trigger": "cart_abandoned",
        "goal": "order_placed",
        "reentry": "after_days",
        "reentry_days": 7,
        "notes": "Two reminders at most; an order ends it at once.",
        "steps": [
            (
                "send_message",
                {
                    "name": "First reminder",
                    "text": 'Hello {{ contact.first_name | default: "there" }}, the {{ cart.first_product }} '
                    "is still in your basket: {{ cart.url }} Reply STOP to opt out.",
                },
            ),
            ("wait_duration", {"amount": 1, "unit": "days"}),
            (
                "send_message",
                {
                    "name": "Second reminder",
                    "text": "We can keep your basket for a little while longer: {{ cart.url }}",
                },
            ),
        ],
    },
    {
        # Who has typed a number at the checkout and goes away has left a checkout, not only a cart.
        "name": "Unfinished checkout",
        "purpose": "promotional",
        "trigger": "checkout_abandoned",
        "goal": "order_placed",
        "reentry": "after_days",
        "reentry_days": 7,
        "notes": "One reminder to whoever had begun to order.",
        "steps": [
            (
                "send_message",
                {
                    "name": "Reminder",
                    "text": 'Hello {{ contact.first_name | default: "there" }}, your order is almost done: '
                    "{{ cart.url }} Reply STOP to opt out.",
                },
            ),
        ],
    },
    TASTING,
)


def set_up(site: Site, *, now: datetime) -> None:
    """Give the site its sender and open it; an open one is opened anew, as its address may have changed."""
    row = core.site_settings(site.pk)
    is_new = not row.sender_address
    if is_new:
        core.change_site_settings(
            site.pk,
            zone="Europe/London",
            region="GB",
            currency="GBP",
            sender_address=settings.SHOP_NUMBER,
            sender_name="Leaf & Bean",
            price_per_segment="0.04",
            windows=ALWAYS,
            caps={**default_caps(), "week": 3},
            help_text="Leaf & Bean: tea and coffee by post. Reply STOP to opt out.",
            test_numbers=[STAFF_NUMBER],
        )
    if is_new or row.opened_at:
        core.open_site(site.pk, account=accounts.account(row.sender_gateway), now=row.opened_at or now)


def make_contacts(users: dict[str, Any], *, site: Site, now: datetime) -> None:
    """Take in what the past orders tell, before any sequence runs, and note who agreed to be texted."""
    tasks.run_until_idle()
    for customer in CUSTOMERS:
        contact = contacts.identify(
            Identity(
                phone=customer.phone,
                email=customer.email,
                user_id=str(users[customer.email].pk),
                first_name=customer.first_name,
                last_name=customer.last_name,
                language=customer.language,
            ),
            now=now,
            region="GB",
        )
        if customer.agreed and not _marketing(contact.pk, site).exists():
            contacts.record_consent(
                contact_id=contact.pk,
                site_id=site.pk,
                consent=Consent(
                    group=PurposeGroup.MARKETING,
                    granted=True,
                    source="sandbox",
                    method=ConsentMethod.WEB_FORM,
                    wording=WORDING,
                    wording_version="1",
                ),
                now=now,
            )


def _marketing(contact_id: int, site: Site) -> QuerySet[Permission]:
    # Whoever has answered since, also by STOP, is not asked again.
    return Permission.objects.filter(contact_id=contact_id, site=site, group=PurposeGroup.MARKETING)


def make_sequences() -> int:
    """Publish the sequences that are missing and return how many were."""
    there = set(Sequence.objects.values_list("name", flat=True))
    missing = [sequence for sequence in SEQUENCES if sequence["name"] not in there]
    for sequence in missing:
        live_sequence(**sequence)
    return len(missing)
