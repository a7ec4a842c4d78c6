"""What the tests of imports share: a list that is uploaded, checked and taken in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from wagtail.models import Site

from wagtail_drip.contacts import actions as contacts
from wagtail_drip.contacts.types import Consent, ConsentMethod, PurposeGroup
from wagtail_drip.privacy import import_actions, importing
from wagtail_drip.privacy.import_models import ContactImport
from wagtail_drip.privacy.import_plan import Column, Plan, Proof

PROOF = Proof(groups=["marketing"], source="till form 3", wording="Text me offers.", at="2026-01-15")


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = str(tmp_path)
    yield
    importing._mine.let_go()


def uploaded(text: str | bytes, *, now: datetime, name: str = "people.csv") -> ContactImport:
    data = text.encode() if isinstance(text, str) else text
    site = Site.objects.get(is_default_site=True)
    return import_actions.upload(io.BytesIO(data), name=name, site_id=site.pk, now=now)


def plan(*fields: str, **options: Any) -> Plan:
    """Return a plan for columns in this order; an attribute is written ``attribute:name:type``."""
    columns = []
    for place, each in enumerate(fields):
        field, name, kind = (*each.split(":"), "", "text")[:3] if ":" in each else (each, "", "text")
        columns.append(Column(place=place, field=field, name=name, type=kind or "text"))
    return Plan(columns=columns, **options)


def worked(row: ContactImport, *, now: datetime, limit: int | None = None) -> ContactImport:
    while importing.import_due(now=now, limit=limit):
        pass
    row.refresh_from_db()
    return row


def imported(text: str | bytes, how: Plan, *, now: datetime, limit: int | None = None) -> ContactImport:
    row = uploaded(text, now=now)
    assert import_actions.check(row, how, now=now)
    worked(row, now=now, limit=limit)
    assert row.state == "checked", (row.state, row.error)
    assert import_actions.start(row, now=now)
    return worked(row, now=now, limit=limit)


def numbers(counts: dict[str, Any]) -> dict[str, Any]:
    return {name: number for name, number in counts.items() if number and name != "reasons"}


def said(contact_id: int, granted: bool, *, at: datetime) -> None:
    consent = Consent(
        group=PurposeGroup.MARKETING, granted=granted, source="test", method=ConsentMethod.WEB_FORM, at=at
    )
    site = Site.objects.get(is_default_site=True)
    contacts.record_consent(contact_id=contact_id, site_id=site.pk, consent=consent, now=at)
