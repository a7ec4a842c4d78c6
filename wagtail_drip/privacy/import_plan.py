"""How a list is meant: which column is what, whose words they agreed to, and what is right where it differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wagtail_drip.privacy.import_columns import ATTRIBUTE, ATTRIBUTE_NAME, FIELDS, TYPES

IDENTIFYING = ("phone", "email", "external_id")
GROUPS = ("marketing", "transactional")
# What a list is of: people to take in, numbers that are never to be texted, numbers that somebody else has by now.
PEOPLE, NEVER_TEXT, CHANGED_HANDS = "", "never_text", "changed_hands"


@dataclass(frozen=True, kw_only=True)
class Column:
    """:param name: of an attribute; *type* likewise, one of ``import_columns.TYPES``."""

    place: int
    field: str
    name: str = ""
    type: str = "text"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What everybody on the list agreed to, in which words, where, and when (ISO 8601, a day or a moment)."""

    groups: Sequence[str]
    source: str
    wording: str
    at: str
    wording_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    :param region: the country (ISO 3166) of numbers without country code.
    :param store: under whose name the list's own numbers of people are kept.
    :param overwrite: whether the list is right where it differs from what we know.
    :param proof: None for a list whose people have agreed to nothing.
    :param meant: PEOPLE, NEVER_TEXT or CHANGED_HANDS. Of a list of numbers nobody becomes a contact.
    :param day: of numbers that changed hands: on which day at the latest (ISO 8601).
    """

    columns: Sequence[Column]
    region: str = ""
    store: str = "import"
    tags: Sequence[str] = ()
    overwrite: bool = False
    proof: Proof | None = None
    meant: str = PEOPLE
    day: str = ""

    @property
    def is_of_numbers(self) -> bool:
        return self.meant != PEOPLE

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def of_numbers(columns: Sequence[Column], *, meant: str, region: str, day: str = "") -> Plan:
    """Return the plan of a list of numbers: nothing else in it is read."""
    return Plan(
        columns=[each for each in columns if each.field in ("phone", "region")],
        region=region,
        meant=meant,
        day=day if meant == CHANGED_HANDS else "",
    )


def read(stored: Mapping[str, Any]) -> Plan:
    """Return the plan that ``as_json`` made."""
    proof = stored.get("proof")
    return Plan(
        **{
            **stored,
            "columns": [Column(**column) for column in stored["columns"]],
            "proof": Proof(**proof) if proof else None,
        }
    )


def problems(plan: Plan, *, today: str) -> dict[str, str]:
    """Return what is wrong with a plan, by the name of what is wrong: codes that a door words."""
    found: dict[str, str] = {}
    fields = [column.field for column in plan.columns]
    names = [column.name for column in plan.columns if column.field == ATTRIBUTE]
    if plan.is_of_numbers and "phone" not in fields:
        found["columns"] = "no_phone"
    elif not set(fields) & set(IDENTIFYING):
        found["columns"] = "nobody_named"
    elif len(set(fields) - {ATTRIBUTE}) < len([field for field in fields if field != ATTRIBUTE]):
        found["columns"] = "twice"
    elif len(set(names)) < len(names):
        found["columns"] = "attribute_twice"
    elif any(not ATTRIBUTE_NAME.fullmatch(name) for name in names):
        found["columns"] = "attribute_name"
    elif any(column.field not in FIELDS or column.type not in TYPES for column in plan.columns):
        found["columns"] = "unknown_field"
    if plan.meant == CHANGED_HANDS:
        if not plan.day:
            found["day"] = "no_day"
        elif plan.day > today:
            found["day"] = "future_day"
    proof = plan.proof
    if proof is not None:
        if not proof.groups or not set(proof.groups) <= set(GROUPS):
            found["groups"] = "no_group"
        found.update({name: "missing" for name in ("source", "wording") if not getattr(proof, name).strip()})
        if not proof.at and "agreed_at" not in fields:
            found["at"] = "missing"
        elif proof.at[:10] > today:
            found["at"] = "future"
    return found
