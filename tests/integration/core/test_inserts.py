"""What bulk_create does, done faster: the same rows, and the same refusals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from wagtail_drip.compliance.models import Suppression
from wagtail_drip.core import inserts
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.enrolments.models import Enrolment, EnrolmentTally
from wagtail_drip.events.models import Notice
from wagtail_drip.messaging.models import Message
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)


def message(contact_id: int, site_id: int, number: int, **fields) -> dict:
    return {
        "key": f"staff:{number}",
        "reference": f"{number:032d}",
        "contact_id": contact_id,
        "site_id": site_id,
        "gateway": "default",
        "purpose": "promotional",
        "created_at": NOW,
        **fields,
    }


def test_rows_are_what_bulk_create_would_have_made(site_id):
    person = reachable_contact()
    fields = {
        "variables": {"event": {"name": "Åsa 茶", "n": [1, None]}},
        "price": Decimal("0.012300"),
        "due_at": NOW,
        "body": 'It\'s "quoted" \\ and %s 🎉',
        "ignores_windows": True,
        "sequence_id": 2**40,
    }
    inserts.insert([Message(**message(person.pk, site_id, 1, **fields))])
    inserts.insert_values(Message, [message(person.pk, site_id, 2, **fields)])
    Message.objects.bulk_create([Message(**message(person.pk, site_id, 3, **fields))])

    rows = [
        {name: value for name, value in row.items() if name not in ("id", "key", "reference")}
        for row in Message.objects.order_by("key").values()
    ]

    assert rows[0] == rows[1] == rows[2]


def test_dates_and_booleans(site_id):
    inserts.insert([EnrolmentTally(site_id=1, sequence_id=2, measure="entered", day=date(2026, 2, 28), n=-3)])

    row = EnrolmentTally.objects.get()
    assert (row.day, row.n, row.step_id) == (date(2026, 2, 28), -3, "")


def test_repeats_of_any_unique_constraint_are_ignored_and_change_nothing(site_id):
    """Two uniques: a run an entry, and one run at a time."""
    sequence = live_sequence(steps=[("exit", {})])

    def entry(entry_key: str, running: int | None, step_id: str) -> dict:
        return {
            "sequence_id": sequence.pk,
            "version_id": sequence.runtime.version_id,
            "contact_id": person.pk,
            "site_id": site_id,
            "entry_key": entry_key,
            "running": running,
            "step_id": step_id,
            "entered_at": NOW,
            "since": NOW,
        }

    person = reachable_contact()
    inserts.insert_values(Enrolment, [entry("1", 1, "first")])

    inserts.insert_values(
        Enrolment,
        [entry("1", None, "second"), entry("2", 1, "third"), entry("3", None, "fourth")],
        ignore_repeats=True,
    )

    assert list(Enrolment.objects.order_by("pk").values_list("step_id", flat=True)) == ["first", "fourth"]


def test_columns_of_one_value_and_of_several(site_id):
    """What all rows share travels once; what looks the same and is not does not."""
    person = reachable_contact()
    rows = [
        message(person.pk, site_id, 1, variables={"n": 1}, track_links=True, price=None, body="same"),
        message(person.pk, site_id, 2, variables={"n": True}, track_links=True, price=None, body="same"),
        message(person.pk, site_id, 3, variables={"n": 1.0}, track_links=True, price=None, body="same"),
    ]

    inserts.insert_values(Message, rows)

    found = Message.objects.order_by("key").values_list("variables", "track_links", "price", "body")
    assert [(repr(variables), *rest) for variables, *rest in found] == [
        ("{'n': 1}", True, None, "same"),
        ("{'n': True}", True, None, "same"),
        ("{'n': 1.0}", True, None, "same"),
    ]


def test_a_repeat_that_is_not_to_be_ignored_raises(site_id):
    row = {"number_hash": "a", "scope": "all", "reason": "staff", "recorded_at": NOW}
    inserts.insert_values(Suppression, [row])

    with pytest.raises(IntegrityError), transaction.atomic():
        inserts.insert_values(Suppression, [row])


@pytest.mark.parametrize("ignore_repeats", [True, False])
def test_a_missing_value_raises_whether_or_not_repeats_are_ignored(ignore_repeats):
    with pytest.raises(IntegrityError), transaction.atomic():
        inserts.insert([Notice(store="x", kind="y", key="z")], ignore_repeats=ignore_repeats)

    assert not Notice.objects.exists()


def test_a_text_that_is_too_long_is_never_cut_off():
    from django.db import connection

    if connection.vendor == "sqlite":
        pytest.skip("SQLite keeps texts of any length")
    with pytest.raises(DatabaseError), transaction.atomic():
        inserts.insert([Notice(store="x" * 65, kind="y", key="z", recorded_at=NOW)], ignore_repeats=True)


def notice(key: str, **fields: object) -> Notice:
    return Notice(**{"store": "s", "kind": "k", "key": key, "recorded_at": NOW, **fields})


def test_a_row_apart_is_written_once_and_ends_no_transaction():
    with transaction.atomic():
        inserts.insert_apart(notice("a", envelope={"n": 1}, due_at=NOW))
        inserts.insert_apart(notice("a", envelope={"n": 2}))
        inserts.insert_apart(notice("b"))

    assert list(Notice.objects.order_by("key").values_list("key", "envelope", "due_at")) == [
        ("a", {"n": 1}, NOW),
        ("b", None, None),
    ]


@pytest.mark.parametrize(
    "bad", [{"recorded_at": None}, {"object_id": "\x00"}], ids=["refused by the server", "by the driver"]
)
def test_a_row_apart_that_fails_takes_nothing_with_it(bad):
    if connection.vendor != "postgresql" and "object_id" in bad:
        pytest.skip("other databases take a NUL")
    with transaction.atomic():
        inserts.insert_apart(notice("before"))
        with pytest.raises((DatabaseError, ValueError)):
            inserts.insert_apart(notice("bad", **bad))
        inserts.insert_apart(notice("after"))

    assert list(Notice.objects.order_by("key").values_list("key", flat=True)) == ["after", "before"]


def _sell(told: str) -> None:
    with transaction.atomic():
        inserts.insert_apart(notice("before"))
        with pytest.raises(DatabaseError, match="full"):
            inserts.insert_apart(notice("huge", envelope={"text": told}))
        Notice.objects.create(store="s", kind="k", key="after", recorded_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_where_a_full_disk_ends_the_transaction_the_caller_does_not_commit_the_rest():
    if connection.vendor != "sqlite":
        pytest.skip("it is SQLite that undoes all of it by itself")
    with connection.cursor() as cursor:
        [most] = cursor.execute("PRAGMA max_page_count").fetchone()
        [now] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {now}")
    try:
        with pytest.raises(TransactionManagementError):
            _sell(told="x" * 4096 * now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {most}")

    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_apart_outside_of_any_transaction(django_assert_num_queries):
    with django_assert_num_queries(1):
        inserts.insert_apart(notice("alone"))
    with pytest.raises(DatabaseError):
        inserts.insert_apart(notice("bad", recorded_at=None))

    assert Notice.objects.get().key == "alone"


def test_in_a_shops_transaction_a_row_apart_is_one_message(django_assert_num_queries):
    if connection.vendor == "mysql":
        pytest.skip("needs a savepoint, and its driver takes a statement at a time")
    with django_assert_num_queries(1):
        inserts.insert_apart(notice("a"))


def test_rows_do_not_share_a_default(site_id):
    person = reachable_contact()
    inserts.insert_values(Message, [message(person.pk, site_id, number) for number in range(2)])

    assert [row.variables for row in Message.objects.all()] == [{}, {}]


def test_more_rows_than_fit_one_statement():
    rows = [Notice(store="x", kind="y", key=str(n), recorded_at=NOW) for n in range(4500)]

    inserts.insert(rows)

    assert Notice.objects.count() == 4500


def test_nothing_to_insert():
    inserts.insert([])
    inserts.insert_values(Notice, [])


def test_it_tells_how_many_rows_were_new_where_the_database_can(site_id):
    person = reachable_contact()
    row = message(person.pk, site_id, 1)

    first = inserts.insert_values(Message, [row])
    second = inserts.insert_values(
        Message, [message(person.pk, site_id, number) for number in (1, 2, 3)], ignore_repeats=True
    )

    is_told = connection.vendor != "mysql"
    assert first == (1 if is_told else None)
    assert second == (2 if is_told else None)
    assert Message.objects.count() == 3


def test_rows_that_give_different_columns_each_have_the_defaults_of_the_others(site_id):
    person = reachable_contact()

    inserts.insert_values(
        Message,
        [message(person.pk, site_id, 1, body="one"), message(person.pk, site_id, 2, variables={"a": 1})],
    )

    assert list(Message.objects.order_by("key").values_list("body", "variables", "lane")) == [
        ("one", {}, 1),
        ("", {"a": 1}, 1),
    ]


def test_a_column_that_there_is_not_is_refused(site_id):
    with pytest.raises(KeyError, match="contakt_id"):
        inserts.insert_values(Message, [{"contakt_id": 1, "key": "staff:1"}])


def test_a_default_that_differs_from_call_to_call_must_be_given():
    with pytest.raises(TypeError, match="windows"):
        inserts.insert_values(SiteSettings, [{"site_id": 1, "region": "GB"}])
