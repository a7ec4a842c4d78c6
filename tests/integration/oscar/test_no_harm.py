"""A sale is never harmed: the shop's rows and answers are the same with us, without us, and with us failing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from tests import shop
from wagtail_drip.contrib.oscar import receivers
from wagtail_drip.core.models import Installation
from wagtail_drip.events import harmless
from wagtail_drip.events.models import Notice

TABLE = Notice._meta.db_table


@pytest.fixture(autouse=True)
def _every_failure_is_logged_anew() -> None:
    harmless._logged.clear()


def what_the_shop_has() -> dict[str, Any]:
    """Return the shop's rows that a purchase makes, but for keys and moments."""
    orders = get_model("order", "Order").objects.order_by("pk")
    baskets = get_model("basket", "Basket").objects.order_by("pk")
    return {
        "orders": list(
            orders.values_list(
                "status", "total_incl_tax", "currency", "guest_email", "shipping_address__phone_number"
            )
        ),
        "lines": list(
            get_model("order", "Line").objects.values_list("title", "quantity", "line_price_incl_tax")
        ),
        "baskets": list(baskets.values_list("status", "lines__quantity")),
        "stock": list(
            get_model("partner", "StockRecord").objects.values_list("num_in_stock", "num_allocated")
        ),
    }


def buy() -> tuple[dict[str, Any], list[Any]]:
    """Buy through the shop's own pages; return the shop's rows and what the shopper saw."""
    cache.clear()
    product = shop.stock()
    client = Client()
    seen: list[Any] = []
    shop.put_into_basket(client, product)
    shop.begin_as_guest(client)
    answer = shop.send_address(client, drip_sms_consent="1")
    seen += [answer.status_code, answer["Location"]]
    answer = shop.pay(client)
    seen += [answer.status_code, answer["Location"]]
    page = client.get(answer["Location"])
    seen += [
        page.status_code,
        "Thank you for your order" in page.content.decode() or b"order" in page.content,
    ]
    return what_the_shop_has(), seen


SOLD = {
    "orders": [("Pending", 25, "GBP", "ada@example.com", shop.PHONE)],
    "lines": [("Coffee beans", 2, 25)],
    "baskets": [("Submitted", 2)],
    "stock": [(10, 2)],
}
SEEN = [302, "/shop/checkout/shipping-method/", 302, "/shop/checkout/thank-you/", 200, True]


@contextmanager
def failing_inserts(error: Callable[[], Exception]) -> Iterator[None]:
    """Make the database refuse every row of ours, as a lock or a constraint would."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT" in sql and TABLE in sql:
            raise error()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.django_db
def test_a_purchase_without_us_is_what_the_other_tests_compare_with(settings):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": {}}

    assert buy() == (SOLD, SEEN)
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_a_purchase_with_us_is_the_same():
    assert buy() == (SOLD, SEEN)
    assert Notice.objects.filter(kind="order_placed").count() == 1


@pytest.mark.django_db
def test_switched_off_we_write_nothing(settings):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "ENABLED": False}

    assert buy() == (SOLD, SEEN)
    assert not Notice.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(lambda: IntegrityError("refused"), id="a constraint refuses the row"),
        pytest.param(lambda: OperationalError("database is locked"), id="a lock runs into its time-out"),
        pytest.param(lambda: RuntimeError("refused"), id="the driver breaks"),
    ],
)
def test_a_row_that_cannot_be_written_costs_no_order(error, caplog):
    with failing_inserts(error), caplog.at_level(logging.ERROR, logger="wagtail_drip"):
        assert buy() == (SOLD, SEEN)

    assert not Notice.objects.exists()
    about_the_order = [each for each in caplog.messages if each.startswith("order_saved failed")]
    assert len(about_the_order) == 1
    assert shop.PHONE not in caplog.text


@pytest.mark.django_db
def test_an_error_in_our_python_costs_no_order(settings, caplog):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "STORES": {"oscar": {"BACKEND": "no.such.adapter"}}}

    assert buy() == (SOLD, SEEN)
    assert "ImproperlyConfigured" in caplog.text


@pytest.mark.django_db
def test_a_failure_is_logged_once_a_minute_and_not_at_every_click(caplog):
    product = shop.stock()
    client = Client()

    with failing_inserts(lambda: IntegrityError("refused")):
        for _ in range(3):
            shop.put_into_basket(client, product)

    assert sum(each.startswith("line_touched failed") for each in caplog.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_our_tables_may_be_missing_altogether():
    with connection.schema_editor() as editor:
        editor.delete_model(Notice)
        editor.delete_model(Installation)
    try:
        sold = buy()
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(Notice)
            editor.create_model(Installation)

    assert sold == (SOLD, SEEN)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a lock on one table, as PostgreSQL has")
def test_a_real_lock_on_our_table_costs_no_order():
    from threading import Event as Flag
    from threading import Thread

    locked, done = Flag(), Flag()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f'LOCK TABLE "{TABLE}" IN ACCESS EXCLUSIVE MODE')
                locked.set()
                done.wait(30)
        finally:
            connection.close()

    holder = Thread(target=hold)
    holder.start()
    locked.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    try:
        sold = buy()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        done.set()
        holder.join()

    assert sold == (SOLD, SEEN)
    assert not Notice.objects.filter(kind="order_placed").exists()


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_rolled_back_takes_its_notice_with_it():
    from oscar.test import factories

    shop.stock()

    with transaction.atomic():
        factories.create_order()
        assert Notice.objects.filter(kind="order_placed").exists()
        transaction.set_rollback(True)

    assert not Notice.objects.filter(kind="order_placed").exists()
    assert not get_model("order", "Order").objects.exists()


@pytest.mark.django_db
def test_loading_a_fixture_tells_nothing():
    receivers.order_saved(
        sender=None, instance=get_model("order", "Order")(pk=1), created=True, raw=True, using="default"
    )

    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_an_order_costs_one_insert_and_a_savepoint_where_one_is_needed(settings):
    settings.WAGTAIL_DRIP = {**settings.WAGTAIL_DRIP, "CLOCK_SHIFT": False}
    instance = get_model("order", "Order")(pk=1)

    with CaptureQueriesContext(connection) as queries:
        receivers.order_saved(sender=None, instance=instance, created=True, using="default")

    statements = [part for each in queries.captured_queries for part in each["sql"].split("; ")]
    expected = ["INSERT"] if connection.vendor == "sqlite" else ["SAVEPOINT", "INSERT", "RELEASE"]
    assert [each.split(" ")[0] for each in statements] == expected
    assert len(queries) == (3 if connection.vendor == "mysql" else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/shop/basket/", "/shop/accounts/register/", "/shop/checkout/"])
def test_the_middleware_asks_nothing_on_other_pages(path, settings):
    shop.stock()
    client = Client()
    client.get(path)
    with CaptureQueriesContext(connection) as with_us:
        client.get(path)
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "wagtail_drip" not in each]
    without = Client()
    without.get(path)
    with CaptureQueriesContext(connection) as without_us:
        without.get(path)

    assert len(with_us) == len(without_us)


@pytest.mark.django_db
def test_an_address_that_is_refused_tells_nothing():
    product = shop.stock()
    client = Client()
    shop.put_into_basket(client, product)
    shop.begin_as_guest(client)

    answer = client.post("/shop/checkout/shipping-address/", {**shop.ADDRESS, "phone_number": "12"})

    assert answer.status_code == 200
    assert not Notice.objects.filter(kind="checkout_captured").exists()
