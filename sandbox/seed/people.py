"""The staff who run the shop and the customers who buy from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from oscar.core.loading import get_model

COUNTRIES = (
    ("GB", "GBR", "826", "United Kingdom"),
    ("IE", "IRL", "372", "Ireland"),
    ("FR", "FRA", "250", "France"),
    ("DE", "DEU", "276", "Germany"),
    ("CN", "CHN", "156", "China"),
    ("US", "USA", "840", "United States"),
)
EDITORS = "Text message editors"
# What an editor may do; contacts and their numbers are not among it.
EDITOR_MAY = (
    "add_sequence",
    "change_sequence",
    "view_sequence",
    "publish_sequence",
    "lock_sequence",
    "unlock_sequence",
    "add_messagetemplate",
    "change_messagetemplate",
    "view_messagetemplate",
)


@dataclass(frozen=True, kw_only=True)
class Customer:
    email: str
    first_name: str
    last_name: str
    phone: str
    line1: str
    city: str
    postcode: str
    agreed: bool = True
    language: str = "en"


CUSTOMERS = (
    Customer(email="amara@example.com", first_name="Amara", last_name="Okafor", phone="+447400100101", line1="14 Mill Lane", city="Bristol", postcode="BS1 4QA"),
    Customer(email="wei@example.com", first_name="Wei", last_name="Chen", phone="+447400100102", line1="3 Quay Street", city="Manchester", postcode="M3 3JE", language="zh-hans"),
    Customer(email="sofia@example.com", first_name="Sofía", last_name="García", phone="+447400100103", line1="27 Rose Crescent", city="Cambridge", postcode="CB2 3LL"),
    Customer(email="tomasz@example.com", first_name="Tomasz", last_name="Nowak", phone="+447400100104", line1="8 Harbour Road", city="Leith", postcode="EH6 6QQ"),
    Customer(email="priya@example.com", first_name="Priya", last_name="Sharma", phone="+447400100105", line1="61 Park Avenue", city="Leeds", postcode="LS8 2JJ"),
    Customer(email="owen@example.com", first_name="Owen", last_name="Price", phone="+447400100106", line1="2 Castle Hill", city="Cardiff", postcode="CF10 1BH", agreed=False),
    Customer(email="maryam@example.com", first_name="Maryam", last_name="Haddad", phone="+447400100107", line1="90 Victoria Street", city="Glasgow", postcode="G1 1JA"),
    Customer(email="jonas@example.com", first_name="Jonas", last_name="Lindqvist", phone="+447400100108", line1="5 Garden Row", city="York", postcode="YO1 7EP", agreed=False),
)  # fmt: skip


def make_countries() -> None:
    for order, (short, long, number, name) in enumerate(COUNTRIES):
        get_model("address", "Country").objects.get_or_create(
            iso_3166_1_a2=short,
            defaults={
                "iso_3166_1_a3": long,
                "iso_3166_1_numeric": number,
                "printable_name": name,
                "name": name.upper(),
                "display_order": len(COUNTRIES) - order,
                "is_shipping_country": True,
            },
        )


def make_staff() -> None:
    """Make the owner (admin/admin) and an editor (editor/editor) who may write sequences and see nobody."""
    users = get_user_model().objects
    if not users.filter(username="admin").exists():
        users.create_superuser("admin", "admin@example.com", "admin", first_name="Ada", last_name="Lovell")
    group, _ = Group.objects.get_or_create(name=EDITORS)
    group.permissions.set(
        [
            *Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin"),
            *Permission.objects.filter(content_type__app_label="wagtail_drip", codename__in=EDITOR_MAY),
        ]
    )
    if not users.filter(username="editor").exists():
        users.create_user(
            "editor", "editor@example.com", "editor", first_name="Eddie", last_name="Marsh"
        ).groups.add(group)


def make_customers() -> dict[str, Any]:
    """Make the customers who are missing, each with an address and the password `customer`; by e-mail."""
    users = get_user_model().objects
    country = get_model("address", "Country").objects.get(pk="GB")
    found = {}
    for customer in CUSTOMERS:
        user = users.filter(email=customer.email).first()
        if user is None:
            user = users.create_user(
                customer.email.partition("@")[0],
                customer.email,
                "customer",
                first_name=customer.first_name,
                last_name=customer.last_name,
            )
        if not user.addresses.exists():
            get_model("address", "UserAddress").objects.create(
                user=user,
                first_name=customer.first_name,
                last_name=customer.last_name,
                line1=customer.line1,
                line4=customer.city,
                postcode=customer.postcode,
                country=country,
                phone_number=customer.phone,
                is_default_for_shipping=True,
            )
        found[customer.email] = user
    return found
