"""From a record's cells to what is told of one person, or to why the line is refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.conf.locale import LANG_INFO

from wagtail_drip.contacts import attributes, cleaning
from wagtail_drip.contacts import phone as phones
from wagtail_drip.contacts.matching import Described
from wagtail_drip.contacts.taking_in import Told
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.privacy.import_files import LONGEST_CELL, Record
from wagtail_drip.privacy.import_plan import Column, Plan
from wagtail_drip.stores import interest_signs

_YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "x",
        "ja",
        "oui",
        "si",
        "sí",
        "agreed",
        "subscribed",
        "opted-in",
        "是",
        "同意",
        "已同意",
        "订阅",
        "已订阅",
    ]
)
_NO = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "nein",
        "non",
        "unsubscribed",
        "opted-out",
        "否",
        "不",
        "不同意",
        "未同意",
        "拒绝",
        "退订",
        "已退订",
        "未订阅",
    ]
)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SHORTENED = re.compile(r"\d[.,]?\d*[eE]\+?\d+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?")
# A cell is shown in what we say of a line only where it can hardly be of a person: a column may be the wrong one.
_PERSONAL = re.compile(r"@|\d{4}")
_REGION_NAMES = {"UK": "GB", "中国": "CN", "中國": "CN"}


class Refused(Exception):
    """
    A line is not taken in. *reason* is one of import_reasons.REASONS.

    :ivar told: the name of an interest that there is not; else ''.
    """

    def __init__(self, reason: str, place: int | None = None, told: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.told = told


@dataclass(frozen=True, kw_only=True)
class Person(Told):
    """What a list tells of somebody, with the ids of the interests that it gives them."""

    interests: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """
    Reads records by a plan.

    :param zone: the site's, for moments that are written without one.
    :param interests: as ``interest_actions.by_name`` returns them.
    """

    plan: Plan
    zone: ZoneInfo
    now: datetime
    interests: Mapping[str, int] = field(default_factory=dict)

    def read(self, record: Record) -> Person:
        """
        Return what *record* tells of somebody.

        :raises Refused: if a cell cannot be what its column is, or nothing says who it is.
        """
        found = _Found(self, record)
        for column in self.plan.columns:
            cell = record.cells[column.place] if column.place < len(record.cells) else ""
            text = cleaning.clean(cell, LONGEST_CELL + 1)
            if not text:
                continue
            if "\ufffd" in text:
                raise Refused("unreadable", column.place)
            if len(text) > LONGEST_CELL:
                raise Refused("too_long", column.place)
            found.take(column, text)
        return found.told()

    def moment(self, text: str, place: int | None) -> datetime:
        """Return the moment that a date or a date and time mean here; a day is its beginning."""
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = datetime.combine(_day(text, place), time.min)
        if found.tzinfo is None:
            found = found.replace(tzinfo=self.zone)
        if found > self.now:
            raise Refused("future", place)
        return found.astimezone(UTC)


class _Found:
    def __init__(self, reader: Reader, record: Record) -> None:
        self.reader = reader
        self.plan = reader.plan
        self.line = record.line
        self.phone: tuple[str, int] | None = None
        self.fields: dict[str, str] = {}
        self.attributes: dict[str, Any] = {}
        self.tags = set(self.plan.tags)
        self.interests: set[int] = set()
        self.external_id = ""
        self.agreed: bool | None = None
        self.agreed_at: datetime | None = None

    def take(self, column: Column, text: str) -> None:
        place = column.place
        match column.field:
            case "phone":
                self.phone = text, place
            case "email":
                self.fields["email"] = _address(text, place)
            case "first_name" | "last_name" as name:
                self.fields[name] = _line(text, cleaning.LENGTHS[name], place)
            case "full_name":
                self._name(text, place)
            case "language":
                self.fields["language"] = _language(text, place)
            case "region":
                self.fields["region"] = _region(text, place)
            case "zone":
                if text not in phones.known_zones():
                    raise Refused("zone", place)
                self.fields["zone"] = text
            case "tags":
                self.tags |= {cleaning.tag(each) for each in re.split(r"[,;|，；、]", text)} - {""}
            case "interests":
                self._interests(text, place)
            case "external_id":
                self.external_id = _line(text, 191, place)
            case "agreed":
                self.agreed = _yes_no(text, place)
            case "agreed_at":
                self.agreed_at = self.reader.moment(text, place)
            case "attribute":
                self.attributes[column.name] = _attribute(text, column)

    def _name(self, text: str, place: int) -> None:
        name = _line(text, 150, place)
        # 王小明 is family name first and without a space; what has a space is taken as it is written in the West.
        if " " in name and name.isascii():
            first, _space, last = name.rpartition(" ")
        else:
            first, last = name, ""
        self.fields.setdefault("first_name", first)
        self.fields.setdefault("last_name", last)

    def _interests(self, text: str, place: int) -> None:
        for name in re.split(r"[,;，；、]", text):
            folded = interest_signs.folded(name)
            if not folded:
                continue
            if folded not in self.reader.interests:
                raise Refused("interest", place, "" if _PERSONAL.search(name) else name.strip()[:64])
            self.interests.add(self.reader.interests[folded])

    def told(self) -> Person:
        number = self._number()
        if number is not None:
            self.fields["region"] = number.region
        described = Described(
            phone=number.e164 if number else "",
            store=self.plan.store if self.external_id else "",
            external_id=self.external_id,
            email=self.fields.get("email", ""),
        )
        if not (described.phone or described.external_id or described.email):
            raise Refused("nobody")
        return Person(
            described=described,
            fields={name: value for name, value in self.fields.items() if value},
            attributes=self.attributes,
            tags=frozenset(self.tags),
            interests=frozenset(self.interests),
            # Words about texts are about this number: without it they permit none, but a no is a no.
            consents=tuple(each for each in self._consents() if described.phone or not each.granted),
        )

    def _number(self) -> phones.Phone | None:
        if self.phone is None:
            return None
        text, place = self.phone
        text = text.lstrip("'’").strip()  # how spreadsheets keep a number from being one
        if _SHORTENED.fullmatch(text):
            raise Refused("shortened", place)
        region = self.fields.get("region", "") or self.plan.region
        if not region and not text.startswith(("+", "00")) and text[:1].isdigit():
            raise Refused("no_country_chosen", place)
        try:
            return phones.parse(text, region=region)
        except phones.InvalidPhone as error:
            raise Refused(f"phone_{error.code}", place) from error

    def _consents(self) -> Iterator[Consent]:
        proof = self.plan.proof
        if self.agreed is False:
            # Who said no to whoever made this list is believed without any proof.
            yield Consent(
                group=PurposeGroup.MARKETING,
                granted=False,
                source=proof.source if proof else "import",
                method=ConsentMethod.IMPORT,
                at=self.agreed_at,
            )
            return
        has_column = any(column.field == "agreed" for column in self.plan.columns)
        if proof is None or (has_column and self.agreed is None):
            return
        at = self.agreed_at or (self.reader.moment(proof.at, None) if proof.at else None)
        if at is None:
            raise Refused("no_date")
        for group in proof.groups:
            yield Consent(
                group=PurposeGroup(group),
                granted=True,
                source=proof.source,
                method=ConsentMethod.IMPORT,
                wording=proof.wording,
                wording_version=proof.wording_version,
                at=at,
            )


def keys_of(described: Described) -> list[int]:
    """
    Return keyed hashes by which two lines are told to be of the same person.

    An address tells it only where there is nothing better: families share them.
    """
    if described.phone or described.external_id:
        parts = [f"p{described.phone}"] * bool(described.phone)
        parts += [f"x{described.external_id}"] * bool(described.external_id)
    else:
        parts = [f"e{described.email}"]
    return [
        int.from_bytes(
            hashlib.blake2b(part.encode(), key=_key(settings.SECRET_KEY), digest_size=8).digest(), signed=True
        )
        for part in parts
    ]


@cache
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"wagtail_drip.import:" + secret.encode()).digest()


def _line(text: str, length: int, place: int) -> str:
    found = " ".join(text.split())
    if len(found) > length:
        raise Refused("too_long", place)
    return found


def _address(text: str, place: int) -> str:
    found = cleaning.email(text.removeprefix("mailto:"))
    if not found:
        raise Refused("email", place)
    return found


def _region(text: str, place: int) -> str:
    found = text.upper()
    found = _REGION_NAMES.get(found, found)
    if found not in phones.regions():
        raise Refused("region", place)
    return found


def _language(text: str, place: int) -> str:
    code = text.lower().replace("_", "-")
    code = _languages().get(code, code)
    if not _LANGUAGE.fullmatch(code) or len(code) > cleaning.LENGTHS["language"]:
        raise Refused("language", place)
    return code


@cache
def _languages() -> dict[str, str]:
    """Return languages' codes by their names, in English and in themselves."""
    found = {
        "中文": "zh-hans",
        "简体中文": "zh-hans",
        "繁體中文": "zh-hant",
        "chinese": "zh-hans",
        "英语": "en",
    }
    for code, each in LANG_INFO.items():
        for name in (each.get("name"), each.get("name_local")):
            if name:
                found.setdefault(name.lower(), code)
    return found


def _yes_no(text: str, place: int) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Refused("yes_no", place)


def _day(text: str, place: int | None) -> date:
    found = _DATE.fullmatch(text.split(" ")[0])
    try:
        if found:
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    raise Refused("date", place)


def _attribute(text: str, column: Column) -> Any:
    known = attributes.declared().get(column.name)
    if known is None:
        return _typed(text, column)
    if known.type == attributes.CHOICE:
        try:
            return attributes.clean(column.name, text)
        except attributes.InvalidAttribute:
            raise Refused("choice", column.place) from None
    # As a list may write it, which is freer than what a program may say.
    return attributes.clean(column.name, _typed(text, replace(column, type=known.type)))


def _typed(text: str, column: Column) -> Any:
    if column.type == "yes_no":
        return _yes_no(text, column.place)
    if column.type == "date":
        return _day(text, column.place).isoformat()
    if column.type == "number":
        plain = text.replace(" ", "").replace("\u00a0", "")
        if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
            plain = plain.replace(",", "")
        if not _NUMBER.fullmatch(plain):
            raise Refused("number", column.place)
        return float(plain) if "." in plain else int(plain)
    return text


def names_of(columns: Sequence[str], place: int | None) -> str:
    """Return a column as its list calls it."""
    if place is None:
        return ""
    return columns[place][:100] if place < len(columns) and columns[place] else str(place + 1)
