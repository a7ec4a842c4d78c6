"""A described provider's requests to us."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.types import (
    REFERENCE_PARAMETER,
    SECRET_PARAMETER,
    InboundEvent,
    Parsed,
    RawRequest,
    ReceiptStatus,
    StatusEvent,
    price_of,
    segment_count,
)

from . import paths
from .description import Inbound, Receipts
from .signing import Signing


def verify(request: RawRequest, *, secret: str, signing: Signing | None) -> bool:
    """Return whether *request* proves its origin by all that is configured, which must be something."""
    proofs = []
    if secret:
        (given, *more) = request.query.get(SECRET_PARAMETER, [""])
        proofs.append(not more and hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()))
    if signing is not None:
        proofs.append(
            signing.is_signed(
                method=request.method, url=request.url, body=request.body, headers=request.headers
            )
        )
    return bool(proofs) and all(proofs)


def parse(
    request: RawRequest, *, receipts: Receipts | None, inbound: Inbound | None, adds_plus: bool
) -> Parsed:
    """
    Return the receipts or the inbound texts in *request*.

    :raises WebhookRejected: if it holds neither.
    """
    for part in (receipts, inbound):
        if part is None:
            continue
        items = [_Item(request, item) for item in _items(request, part)]
        if not items or not all(_fits(item, part) for item in items):
            continue
        if isinstance(part, Receipts):
            return Parsed(
                events=[_receipt(item, part, adds_plus=adds_plus) for item in items],
                response=part.reply,
            )
        return Parsed(
            events=[_inbound(item, part, adds_plus=adds_plus) for item in items], response=part.reply
        )
    raise WebhookRejected("The request holds neither a receipt nor an inbound text as described.")


class _Item:
    """One receipt or text, and the query of the address it came to."""

    def __init__(self, request: RawRequest, document: object) -> None:
        self.query = {name: values[0] for name, values in request.query.items()}
        self.document = document

    def text(self, path: str | None) -> str:
        if path is not None and path.startswith("?"):
            return self.query.get(path[1:], "")
        return paths.find_text(self.document, path)


def _items(request: RawRequest, part: Receipts | Inbound) -> Iterator[object]:
    if part.format == "json":
        try:
            document: object = json.loads(request.body)
        except (ValueError, RecursionError):
            return
    else:
        fields = request.form if part.format == "form" else request.query
        document = {name: values[0] for name, values in fields.items()}
    found = paths.find(document, part.items_path)
    if isinstance(found, list):
        yield from found
    elif isinstance(found, Mapping):
        yield found


def _fits(item: _Item, part: Receipts | Inbound) -> bool:
    if part.when:
        return all(item.text(path) == value for path, value in part.when.items())
    if isinstance(part, Receipts):
        return bool(item.text(part.status_path))
    # The text may be empty (a picture), so that only its sender must be there.
    return bool(item.text(part.from_path))


def _receipt(item: _Item, part: Receipts, *, adds_plus: bool) -> StatusEvent:
    code = item.text(part.code_path)[:64]
    price = price_of(item.text(part.price_path))
    segments = item.text(part.segments_path)
    return StatusEvent(
        reference=item.text(part.reference_path) or item.query.get(REFERENCE_PARAMETER, ""),
        provider_id=item.text(part.id_path)[:128],
        number=_number(item.text(part.number_path), adds_plus=adds_plus),
        status=part.status_map.get(item.text(part.status_path), ReceiptStatus.UNKNOWN),
        code=code,
        detail=item.text(part.detail_path)[:200],
        segments=segment_count(segments),
        price=price,
        currency=item.text(part.currency_path).upper()[:3] if price is not None else "",
        at=_moment(item.text(part.at_path)),
        outcome=part.code_map.get(code),
    )


def _inbound(item: _Item, part: Inbound, *, adds_plus: bool) -> InboundEvent:
    return InboundEvent(
        provider_id=item.text(part.id_path)[:128],
        from_number=_number(item.text(part.from_path), adds_plus=adds_plus),
        to_number=_number(item.text(part.to_path), adds_plus=adds_plus),
        text=item.text(part.text_path),
        at=_moment(item.text(part.at_path)),
    )


def _number(number: str, *, adds_plus: bool) -> str:
    # A short code has no country and stays as it is.
    if adds_plus and number.isascii() and number.isdigit() and len(number) > 6:
        return f"+{number}"
    return number.strip()


def _moment(value: str) -> datetime | None:
    """Return an ISO 8601 moment with its zone, or seconds since 1970; None for anything else."""
    try:
        if value.isascii() and value.isdigit():
            return datetime.fromtimestamp(int(value), UTC)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo is not None else None
