"""Lists that say what people care about: by names that the shop has, adding to what they said and taking nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.privacy.lists import _storage, imported, numbers, plan, uploaded, worked
from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.contacts.types import Identity
from wagtail_drip.events.models import Event
from wagtail_drip.privacy import erase, import_actions, import_reasons, merge
from wagtail_drip.stores import interest_actions
from wagtail_drip.stores.interest_models import Interest, StatedInterest

__all__ = ["_storage"]

pytestmark = pytest.mark.django_db

ADA, BO, CY = "+447400100001", "+447400100002", "+447400100003"
HOW = plan("phone", "interests")


@pytest.fixture
def coffee() -> Interest:
    return Interest.objects.create(name="Coffee")


@pytest.fixture
def tea() -> Interest:
    return Interest.objects.create(name="茶 Tea")


def known(number: str, *, now: datetime) -> Contact:
    return contacts.identify(Identity(phone=number), now=now)


def said(number: str) -> set[str]:
    rows = StatedInterest.objects.filter(contact__active_phone=number, current=1)
    return set(rows.values_list("interest__name", flat=True))


@pytest.mark.parametrize("mark", [",", "，", "、", ";", "；"])
def test_names_may_have_any_capitals_and_any_comma(
    mark: str, coffee: Interest, tea: Interest, now: datetime
) -> None:
    row = imported(f'Mobile,Interests\n{ADA}," COFFEE{mark}茶 tea{mark}"\n{BO},\n', HOW, now=now)

    assert numbers(row.foreseen) == numbers(row.done) == {"new": 2}
    assert (said(ADA), said(BO)) == ({"Coffee", "茶 Tea"}, set())
    assert set(StatedInterest.objects.values_list("source", "since")) == {("import", now)}
    # Nobody has done anything now: a list starts no sequence.
    assert not Event.objects.filter(name="interest_stated").exists()


def test_an_unknown_name_refuses_its_line_by_name_and_nobody_of_it_comes_in(
    coffee: Interest, now: datetime
) -> None:
    row = imported(f'Mobile,Likes\n{ADA},Coffee\n{BO},"Coffee, Cofee"\n{CY},ada@shop.example\n', HOW, now=now)

    assert numbers(row.foreseen) == numbers(row.done) == {"new": 1, "refused": 2}
    assert list(Contact.objects.values_list("active_phone", flat=True)) == [ADA]
    first, second = row.refused.order_by("line")
    assert (first.line, first.column, first.reason, first.told) == (3, "Likes", "interest", "Cofee")
    why, remedy = import_reasons.reason(first.reason, first.other_line, first.told)
    assert why == "There is no interest named “Cofee”."
    assert remedy.startswith("Add it under “Interests”")
    # Of a column that was named wrongly nothing personal is kept.
    assert second.told == ""
    assert (
        import_reasons.reason(second.reason, None, second.told)[0] == "There is no interest of such a name."
    )


def test_a_list_adds_and_never_takes_away(coffee: Interest, tea: Interest, now: datetime) -> None:
    ada, bo = known(ADA, now=now), known(BO, now=now)
    for person in (ada, bo):
        interest_actions.state(person.pk, {coffee.pk: True}, site_id=None, source="staff", now=now)

    row = imported(f"Mobile,Interests\n{ADA},茶 Tea\n{BO},Coffee\n", HOW, now=now + timedelta(days=1))

    assert numbers(row.foreseen) == numbers(row.done) == {"changed": 1, "known": 1}
    assert (said(ADA), said(BO)) == ({"Coffee", "茶 Tea"}, {"Coffee"})
    assert StatedInterest.objects.get(contact=bo).source == "staff"


def test_what_somebody_took_back_a_list_does_not_give_them_again(coffee: Interest, now: datetime) -> None:
    ada = known(ADA, now=now)
    for is_one in (True, False):
        interest_actions.state(ada.pk, {coffee.pk: is_one}, site_id=None, source="page", now=now)

    row = imported(f"Mobile,Interests\n{ADA},Coffee\n", HOW, now=now + timedelta(days=1))

    assert numbers(row.foreseen) == numbers(row.done) == {"known": 1}
    assert said(ADA) == set()


def test_the_same_list_twice_changes_nothing(coffee: Interest, now: datetime) -> None:
    text = f"Mobile,Interests\n{ADA},Coffee\n"
    imported(text, HOW, now=now)

    row = imported(text, HOW, now=now + timedelta(days=1))

    assert numbers(row.done) == {"known": 1}
    assert StatedInterest.objects.get().since == now


def test_what_many_say_is_heard_through_who_speaks_for_them_and_not_of_who_was_erased(
    coffee: Interest, tea: Interest, now: datetime
) -> None:
    ada, bo, cy = (known(number, now=now) for number in (ADA, BO, CY))
    interest_actions.state(bo.pk, {coffee.pk: True}, site_id=None, source="page", now=now)
    merge.merge(bo.pk, into=ada.pk, now=now)
    erase.begin(cy.pk, now=now, by="test")

    told = {bo.pk: [coffee.pk, tea.pk], cy.pk: [tea.pk]}
    new = interest_actions.state_many(told, source="import", now=now)

    assert new == {ada.pk: {tea.pk}}
    assert set(StatedInterest.objects.values_list("contact_id", "interest_id")) == {
        (bo.pk, coffee.pk),
        (ada.pk, tea.pk),
    }


def test_an_interest_that_went_meanwhile_is_nobody_s(coffee: Interest, now: datetime) -> None:
    ada = known(ADA, now=now)
    gone = coffee.pk
    coffee.delete()

    assert interest_actions.state_many({ada.pk: [gone]}, source="import", now=now) == {}


def test_a_chunk_takes_as_many_queries_for_forty_as_for_four(
    coffee: Interest, tea: Interest, now: datetime
) -> None:
    def asked(people: int) -> tuple[int, int]:
        lines = [f'+4474001{people:02d}{number:03d},"Coffee, 茶 Tea"' for number in range(people)]
        for line in lines[::2]:
            person = known(line.split(",")[0], now=now)
            interest_actions.state(person.pk, {coffee.pk: True}, site_id=None, source="staff", now=now)
        row = uploaded("Mobile,Interests\n" + "\n".join(lines), now=now)
        import_actions.check(row, HOW, now=now)
        with CaptureQueriesContext(connection) as checking:
            worked(row, now=now)
        import_actions.start(row, now=now)
        with CaptureQueriesContext(connection) as running:
            worked(row, now=now)
        assert numbers(row.done) == {"new": people // 2, "changed": people // 2}
        return len(checking), len(running)

    assert asked(4) == asked(40)
    assert StatedInterest.objects.count() == 88
