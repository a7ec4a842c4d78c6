"""Who bought how much and when: in the list of contacts, in its files, and on a contact's own page."""

from __future__ import annotations

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from wagtail_drip.admin.contacts.viewsets import ContactFilterSet
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.events import actions as events
from wagtail_drip.events.types import EventDraft
from wagtail_drip.stores import tallies
from wagtail_drip.stores.models import Purchase, PurchaseTally, SpendTally

pytestmark = pytest.mark.django_db

LIST = "/admin/text-messages/contacts/"
# The parameters below are made before there is a database to ask for the clock.
NOW = datetime.fromtimestamp(time.time(), tz=UTC)


def buyer(name: str, site_id: int, *orders: tuple[str, str, int]) -> Contact:
    """*orders*: what each came to, in which currency, and how many days ago."""
    contact = Contact.objects.create(first_name=name, created_at=NOW, changed_at=NOW)
    for number, (total, currency, days) in enumerate(orders):
        Purchase.objects.create(
            store="paper",
            order_id=f"{name}-{number}",
            contact=contact,
            site_id=site_id,
            currency=currency,
            total=Decimal(total),
            placed_at=NOW - timedelta(days=days),
            recorded_at=NOW,
        )
    with transaction.atomic():
        tallies.refresh([contact.pk])
    return contact


@pytest.fixture
def people(site_id: int) -> dict[str, Contact]:
    SiteSettings.objects.update_or_create(site_id=site_id, defaults={"currency": "GBP"})
    return {
        "Ada": buyer("Ada", site_id, ("10.00", "GBP", 40), ("32.50", "GBP", 3)),
        "Grace": buyer("Grace", site_id, ("99.90", "EUR", 1)),
        "Mary": buyer("Mary", site_id, ("1234.50", "GBP", 400), ("5", "EUR", 390), ("6", "EUR", 380)),
        "Nobody": buyer("Nobody", site_id),
    }


def listed(client: Client, **query: Any) -> list[str]:
    page = client.get(LIST, query).content.decode()
    return re.findall(r">\s*(Ada|Grace|Mary|Nobody)\s*<", page)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"orders_min": 2}, {"Ada", "Mary"}, id="two orders or more"),
        pytest.param(
            {"orders_min": 0}, {"Ada", "Grace", "Mary", "Nobody"}, id="everybody has bought nothing"
        ),
        pytest.param({"orders_max": 1}, {"Grace", "Nobody"}, id="at most one, who never bought among them"),
        pytest.param({"orders_max": 0}, {"Nobody"}, id="none"),
        pytest.param({"spent_min": "42.50"}, {"Ada", "Grace", "Mary"}, id="in whichever currency"),
        pytest.param({"spent_min": "42.51", "currency": "GBP"}, {"Mary"}, id="in pounds"),
        pytest.param({"currency": "EUR"}, {"Grace", "Mary"}, id="who ever paid in euros"),
        pytest.param(
            {"last_order_from": str((NOW - timedelta(days=5)).date())}, {"Ada", "Grace"}, id="lately"
        ),
        pytest.param({"last_order_to": str((NOW - timedelta(days=5)).date())}, {"Mary"}, id="long ago"),
    ],
)
def test_the_list_is_narrowed_by_orders_and_spending(
    admin_client: Client, people: dict[str, Contact], query: dict[str, Any], expected: set[str]
) -> None:
    assert set(listed(admin_client, **query)) == expected


@pytest.mark.parametrize("bound", ["orders_min", "orders_max"])
def test_half_an_order_is_refused(admin_client: Client, people: dict[str, Contact], bound: str) -> None:
    page = admin_client.get(LIST, {bound: "2.5"}).content.decode()

    assert "Ensure that there are no more than 0 decimal places." in page


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("-purchase_tally__n", ["Mary", "Ada", "Grace", "Nobody"]),
        ("-purchase_tally__last_at", ["Grace", "Ada", "Mary", "Nobody"]),
        ("purchase_tally__last_at", ["Mary", "Ada", "Grace", "Nobody"]),
        ("-spent", ["Mary", "Ada", "Nobody", "Grace"]),
    ],
)
def test_the_list_is_sorted_by_them_and_who_never_bought_comes_last(
    admin_client: Client, people: dict[str, Contact], ordering: str, expected: list[str]
) -> None:
    assert listed(admin_client, ordering=ordering) == expected


def test_the_list_shows_the_shops_own_currency_or_the_one_asked_for(
    admin_client: Client, people: dict[str, Contact]
) -> None:
    own = admin_client.get(LIST).content.decode()
    euros = admin_client.get(LIST, {"currency": "EUR"}).content.decode()

    assert "1,234.50 GBP" in own
    assert "99.90 EUR" not in own
    assert "99.90 EUR" in euros
    assert "11.00 EUR" in euros


def test_a_file_tells_it_too(admin_client: Client, people: dict[str, Contact]) -> None:
    answer: Any = admin_client.get(LIST, {"export": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    told = {row["First name"]: (row["Orders"], row["Spent"], row["Currency"]) for row in rows}
    assert told == {
        "Ada": ("2", "42.50", "GBP"),
        "Grace": ("1", "", ""),
        "Mary": ("3", "1234.50", "GBP"),
        "Nobody": ("0", "", ""),
    }


def act(contact: Contact, name: str, site_id: int, *, days: int) -> None:
    at = NOW - timedelta(days=days)
    events.record_events(
        [
            EventDraft(
                name=name,
                key=f"{name}:{contact.pk}:{days}",
                store="paper",
                site_id=site_id,
                contact_id=contact.pk,
                source="signal",
                occurred_at=at,
                recorded_at=at,
            )
        ]
    )


def test_last_seen_is_what_they_did_themselves(
    admin_client: Client, people: dict[str, Contact], site_id: int
) -> None:
    act(people["Ada"], "product_viewed", site_id, days=5)
    act(people["Grace"], "product_viewed", site_id, days=45)
    act(people["Grace"], "order_delivered", site_id, days=1)  # the parcel's doing, not hers

    assert listed(admin_client, seen="7") == ["Ada"]
    assert set(listed(admin_client, seen="90")) == {"Ada", "Grace"}
    assert set(listed(admin_client, seen="not-30")) == {"Grace", "Mary", "Nobody"}


def test_a_contacts_page_says_what_they_bought(
    admin_client: Client, people: dict[str, Contact], site_id: int
) -> None:
    act(people["Mary"], "link_clicked", site_id, days=2)

    page = admin_client.get(f"{LIST}{people['Mary'].pk}/").content.decode()
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    assert "Orders 3 (1,234.50 GBP, 11.00 EUR)" in words
    assert "Last seen –" not in words
    assert "First order" in words
    nobody = admin_client.get(f"{LIST}{people['Nobody'].pk}/").content.decode()
    assert "Last seen – Orders 0" in " ".join(re.sub(r"<[^>]+>", " ", nobody).split())


def test_the_list_asks_as_much_for_forty_buyers_as_for_four(admin_client: Client, site_id: int) -> None:
    admin_client.get(LIST)
    counts = []
    for many in (4, 36):
        for number in range(many):
            buyer(f"B{many}-{number}", site_id, ("1", "GBP", number))
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(LIST, {"ordering": "-spent", "orders_min": 1})
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="read from PostgreSQL's own plan")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"orders_min": "50"}, "drip_purchase_tally_n"),
        ({"last_order_from": str(NOW.date())}, "drip_purchase_tally_last"),
        ({"spent_min": "900000", "currency": "GBP"}, "drip_spend_tally_spent"),
    ],
)
def test_each_filter_reads_an_index(site_id: int, query: dict[str, str], index: str) -> None:
    Contact.objects.bulk_create(Contact(created_at=NOW, changed_at=NOW) for _ in range(4000))
    people = list(Contact.objects.values_list("pk", flat=True))
    PurchaseTally.objects.bulk_create(
        PurchaseTally(contact_id=pk, n=pk % 9, first_at=NOW, last_at=NOW - timedelta(days=pk % 900 + 2))
        for pk in people
    )
    SpendTally.objects.bulk_create(
        SpendTally(contact_id=pk, currency="GBP", n=1, spent=pk % 500) for pk in people
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = ContactFilterSet(query, queryset=Contact.objects.filter(merged_into=None), request=None)
    assert found.is_valid(), found.errors

    assert index in found.qs.explain()
