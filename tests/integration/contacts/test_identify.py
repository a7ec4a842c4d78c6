"""Who comes is found again, by number, by the shop's keys, by address; bad input loses nothing."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

import pytest
from django.db import close_old_connections, connection

from wagtail_drip.contacts import actions, querysets
from wagtail_drip.contacts.models import Contact, ContactIdentity
from wagtail_drip.contacts.types import Identity

ONE, TWO = "+447700900111", "+447700900222"


@pytest.mark.django_db
class TestIdentify:
    def test_a_new_person_is_kept_with_all_that_was_said(self, now: datetime) -> None:
        contact = actions.identify(
            Identity(
                store="oscar",
                user_id="17",
                phone="07700 900111",
                email="Mei@Example.com",
                first_name=" Mei ",
                last_name="Lin",
                language="en-gb",
                zone="Europe/London",
            ),
            now=now,
            region="GB",
        )

        contact.refresh_from_db()
        assert (contact.phone, contact.active_phone, contact.region) == (ONE, ONE, "GB")
        assert (contact.first_name, contact.last_name, contact.email) == ("Mei", "Lin", "mei@example.com")
        assert (contact.language, contact.zone, contact.zone_source) == ("en-gb", "Europe/London", "profile")
        assert contact.created_at == now
        assert list(ContactIdentity.objects.values_list("store", "kind", "value")) == [
            ("oscar", "user_id", "17")
        ]

    def test_the_same_number_is_the_same_contact_and_blanks_overwrite_nothing(self, now: datetime) -> None:
        first = actions.identify(Identity(phone=ONE, first_name="Mei", language="de"), now=now)

        again = actions.identify(Identity(phone="07700900111", region="GB", last_name="Lin"), now=now)

        assert again.pk == first.pk
        assert (again.first_name, again.last_name, again.language) == ("Mei", "Lin", "de")

    def test_the_shop_s_key_finds_who_comes_without_a_number(self, now: datetime) -> None:
        first = actions.identify(Identity(store="oscar", user_id="17", phone=ONE), now=now)

        assert actions.identify(Identity(store="oscar", user_id="17"), now=now).pk == first.pk
        assert actions.identify(Identity(store="other", user_id="17"), now=now).pk != first.pk

    def test_who_had_no_number_gets_the_one_that_comes_with_the_key(self, now: datetime) -> None:
        first = actions.identify(Identity(store="oscar", anonymous_id="a", email="m@example.com"), now=now)

        again = actions.identify(Identity(store="oscar", anonymous_id="a", phone=ONE), now=now)

        assert again.pk == first.pk
        assert Contact.objects.get().active_phone == ONE

    def test_another_number_is_another_contact_and_the_key_follows_it(self, now: datetime) -> None:
        """Permission was given for a number: it must not pass to one that somebody typed at a checkout."""
        first = actions.identify(Identity(store="oscar", user_id="17", phone=ONE), now=now)

        second = actions.identify(Identity(store="oscar", user_id="17", phone=TWO), now=now)

        assert second.pk != first.pk
        first.refresh_from_db()
        assert (first.active_phone, second.active_phone) == (ONE, TWO)
        assert actions.identify(Identity(store="oscar", user_id="17"), now=now).pk == second.pk
        assert ContactIdentity.objects.count() == 1

    def test_the_account_outranks_the_browser(self, now: datetime) -> None:
        account = actions.identify(Identity(store="oscar", user_id="17", phone=ONE), now=now)
        actions.identify(Identity(store="oscar", anonymous_id="b", phone=TWO), now=now)

        found = actions.identify(Identity(store="oscar", user_id="17", anonymous_id="b"), now=now)

        assert found.pk == account.pk

    def test_an_address_finds_its_only_owner(self, now: datetime) -> None:
        first = actions.identify(Identity(email="mei@example.com", phone=ONE), now=now)

        assert actions.identify(Identity(email="MEI@example.com"), now=now).pk == first.pk

    def test_an_address_of_two_is_nobody_s(self, now: datetime) -> None:
        pair = {
            actions.identify(Identity(email="shared@example.com", phone=number), now=now).pk
            for number in (ONE, TWO)
        }

        assert actions.identify(Identity(email="shared@example.com"), now=now).pk not in pair

    def test_an_address_gives_nobody_another_number(self, now: datetime) -> None:
        first = actions.identify(Identity(email="mei@example.com", phone=ONE), now=now)

        second = actions.identify(Identity(email="mei@example.com", phone=TWO), now=now)

        assert second.pk != first.pk

    @pytest.mark.parametrize("raw", ["not a number", "123", "07700 900111 or 222", "+44", "\x00", "x" * 5000])
    def test_a_number_that_cannot_be_read_costs_nothing_but_itself(
        self, now: datetime, raw: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        contact = actions.identify(Identity(phone=raw, first_name="Mei", email="mei@example.com"), now=now)

        contact.refresh_from_db()
        assert (contact.phone, contact.active_phone, contact.first_name) == ("", None, "Mei")
        assert raw not in caplog.text

    def test_bad_values_leave_what_we_know(self, now: datetime) -> None:
        contact = actions.identify(
            Identity(phone=ONE, email="mei@example.com", zone="Europe/London", first_name="Mei"), now=now
        )

        actions.identify(
            Identity(phone=ONE, email="no address", zone="Mars/Olympus", first_name="M" * 400), now=now
        )

        contact.refresh_from_db()
        assert (contact.email, contact.zone) == ("mei@example.com", "Europe/London")
        assert contact.first_name == "M" * 150

    def test_nul_characters_are_left_out(self, now: datetime) -> None:
        contact = actions.identify(Identity(phone=ONE, first_name="M\x00ei"), now=now)

        contact.refresh_from_db()
        assert contact.first_name == "Mei"

    def test_a_merged_contact_s_key_leads_to_who_speaks_for_it(self, now: datetime) -> None:
        gone = actions.identify(Identity(store="oscar", user_id="17", phone=ONE), now=now)
        head = actions.identify(Identity(phone=TWO), now=now)
        Contact.objects.filter(pk=gone.pk).update(merged_into=head, active_phone=None)

        assert actions.identify(Identity(store="oscar", user_id="17"), now=now).pk == head.pk

    def test_who_was_erased_is_not_found_again(self, now: datetime) -> None:
        gone = actions.identify(Identity(store="oscar", user_id="17"), now=now)
        Contact.objects.filter(pk=gone.pk).update(erased_at=now)

        assert actions.identify(Identity(store="oscar", user_id="17"), now=now).pk != gone.pk

    def test_merges_of_merges_are_followed_and_a_ring_ends(self, now: datetime) -> None:
        a, b, c = (Contact.objects.create(created_at=now, changed_at=now) for _ in range(3))
        Contact.objects.filter(pk=a.pk).update(merged_into=b)
        Contact.objects.filter(pk=b.pk).update(merged_into=c)

        assert querysets.resolve_merged([a.pk, b.pk, c.pk]) == {a.pk: c.pk, b.pk: c.pk, c.pk: c.pk}

        Contact.objects.filter(pk=c.pk).update(merged_into=a)
        assert set(querysets.resolve_merged([a.pk])) == {a.pk}

    def test_knowing_all_already_writes_nothing(self, now: datetime) -> None:
        identity = Identity(store="oscar", user_id="17", phone=ONE, first_name="Mei")
        actions.identify(identity, now=now)

        actions.identify(identity, now=now + timedelta(days=1))

        assert Contact.objects.get().changed_at == now


@pytest.mark.django_db(transaction=True)
def test_one_number_on_several_connections_is_one_contact(now: datetime) -> None:
    barrier = threading.Barrier(4)
    found: list[int] = []

    def come(user: int) -> None:
        try:
            barrier.wait(10)
            identity = Identity(store="oscar", user_id=str(user), phone=ONE)
            found.append(actions.identify(identity, now=now).pk)
        finally:
            connection.close()
            close_old_connections()

    threads = [threading.Thread(target=come, args=(user,)) for user in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 4
    assert len(set(found)) == 1
    assert Contact.objects.count() == 1
    assert ContactIdentity.objects.count() == 4
