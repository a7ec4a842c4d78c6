"""Who a rule means, the slow way: one person after another, in Python, from plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from wagtail_drip.segments.types import lot_of, salt_of


@dataclass
class Person:
    pk: int = 0
    merged_into: Person | None = None
    columns: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    agreed: dict[tuple[str, str], bool] = field(default_factory=dict)  # by (group, topic)
    events: list[tuple[str, datetime, dict[str, Any]]] = field(default_factory=list)
    purchases: list[dict[str, Any]] = field(default_factory=list)
    sent: list[datetime] = field(default_factory=list)
    segments: set[int] = field(default_factory=set)
    stage: str = ""
    said: set[int] = field(default_factory=set)  # interests
    shown: dict[int, float] = field(default_factory=dict)  # for so many days more, by interest


# Some rules place somebody among all others: the world that is asked about, one at a time.
EVERYBODY: list[Person] = []


def means(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    if "match" in rule:
        asked = [
            means(each, person, now) for each in rule["rules"] if each.get("kind") != "group" or each["rules"]
        ]
        if not asked:
            return True
        return {"all": all(asked), "any": any(asked), "none": not any(asked)}[rule["match"]]
    holds = globals()[f"_{rule['kind']}"](rule, person, now)
    return holds != bool(rule.get("negate"))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _compare(found: Any, operator: str, wanted: str) -> bool:
    text = "" if found is None else (str(found).lower() if isinstance(found, bool) else str(found))
    if operator == "is_set":
        return text != ""
    if operator == "is_not_set":
        return text == ""
    if operator == "contains":
        return wanted.lower() in text.lower()
    left, right = _number(found), _number(wanted)
    if operator in ("at_least", "at_most"):
        if right is not None:
            return left is not None and (left >= right if operator == "at_least" else left <= right)
        text, wanted = text.lower(), wanted.lower()
        return text != "" and (text >= wanted if operator == "at_least" else text <= wanted)
    yes = {"true": {"true", "yes", "1"}, "false": {"false", "no", "0"}}.get(text, {text.lower()})
    same = wanted.lower() in yes or (left is not None and left == right)
    return same if operator == "is" else not same


def _detail(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    name = rule["property"]
    found = person.columns.get(name, person.attributes.get(name))
    return _compare(found, rule["operator"], rule["value"])


def _tag(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    return rule["tag"] in person.tags


def _consent(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    if rule.get("site"):
        return False  # Everybody in these worlds agreed on another one.
    general = person.agreed.get((rule["group"], ""), False)
    return person.agreed.get((rule["group"], rule["topic"]), general)


def _date(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    """Look at each day in turn: is it that day, or the day on which that one comes round?"""
    text = str(person.attributes.get(rule["date"], ""))
    year = "2000" if text.startswith("--") else text[:4]
    try:
        kept = date.fromisoformat(f"{year}-{text[-5:]}")
    except ValueError:
        return False
    step = 1 if rule["when"] == "next" else -1
    for day in (now.date() + timedelta(days=step * n) for n in range(rule["days"] + 1)):
        if rule["yearly"]:
            try:
                comes = kept.replace(year=day.year)
            except ValueError:
                comes = date(day.year, 2, 28)
            if comes == day:
                return True
        elif kept == day and not text.startswith("--"):
            return True
    return False


def _event(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    floor = now - timedelta(days=rule["days"]) if rule["days"] else None
    found = [
        properties
        for name, at, properties in person.events
        if name == rule["event"]
        and (floor is None or at > floor)
        and all(
            _compare(properties.get(c["property"]), c["operator"], c["value"]) for c in rule["conditions"]
        )
    ]
    return len(found) >= rule["times"]


def _purchases(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    floor = now - timedelta(days=rule["days"]) if rule["days"] else None
    counted = [
        bought
        for bought in person.purchases
        if bought["status"] != "cancelled"
        and bought["at"] <= now
        and (floor is None or bought["at"] > floor)
        and rule["currency"] in ("", bought["currency"])
        and rule["coupon"] in ("", bought["coupon"])
        and (not rule["product"] or any(rule["product"].lower() in name.lower() for name in bought["names"]))
    ]
    number = Decimal(rule["number"])
    if rule["measure"] == "days_since":
        if not counted:
            return False
        read = Decimal((now - max(bought["at"] for bought in counted)).days)
    elif rule["measure"] == "count":
        read = Decimal(len(counted))
    else:
        read = sum((bought["total"] - bought["refunded"] for bought in counted), Decimal(0))
        if not counted and rule["operator"] == "at_least" and number <= 0:
            return True
    return read >= number if rule["operator"] == "at_least" else read <= number


def _counted(person: Person, now: datetime) -> list[dict[str, Any]]:
    return [each for each in person.purchases if each["status"] != "cancelled" and each["at"] <= now]


def _rhythm(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    moments = sorted(each["at"] for each in _counted(person, now))
    if len(moments) < 3:
        return False
    usual = (moments[-1] - moments[0]).total_seconds() / (len(moments) - 1)
    return (now - moments[-1]).total_seconds() > rule["factor"] * usual


def _rfm(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    buyers = {each.pk: _counted(each, now) for each in EVERYBODY if _counted(each, now)}
    if person.pk not in buyers:
        return False

    def fifth(of: Any) -> int:
        mine = of(buyers[person.pk])
        behind = sum(of(theirs) < mine for theirs in buyers.values())
        place = behind / (len(buyers) - 1) if len(buyers) > 1 else 0.0
        return min(5, int(place * 5) + 1)

    recency = fifth(lambda bought: max(each["at"] for each in bought))
    frequency = fifth(len)
    money = fifth(lambda bought: sum(each["total"] - each["refunded"] for each in bought))
    return {
        "champions": recency == 5 and frequency >= 4 and money >= 4,
        "loyal": recency >= 3 and frequency >= 4,
        "new": recency >= 4 and frequency == 1,
        "at_risk": recency <= 2 and frequency >= 4,
        "lost": recency == 1 and frequency <= 3,
    }[rule["group"]]


def _texts(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    floor = now - timedelta(days=rule["days"]) if rule["days"] else None

    def lately(moments: list[datetime]) -> int:
        return sum(floor is None or at > floor for at in moments)

    did = {
        how: lately([at for name, at, _ in person.events if name == event])
        for how, event in {"clicked": "link_clicked", "replied": "message_replied"}.items()
    }
    if rule["how"] in did:
        return did[rule["how"]] >= rule["times"]
    received = lately(person.sent) >= rule["times"]
    return received if rule["how"] == "received" else received and not any(did.values())


def _share(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    return lot_of(person.pk, salt_of(rule["salt"])) < rule["percent"] * 10


def _interest(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    said, shown = rule["interest"] in person.said, person.shown.get(rule["interest"], 0) > 0
    return {"": said or shown, "stated": said, "inferred": shown}[rule["by"]]


def _stage(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    return bool(person.stage == rule["stage"])


def _segment(rule: Mapping[str, Any], person: Person, now: datetime) -> bool:
    return rule["segment"] in person.segments
