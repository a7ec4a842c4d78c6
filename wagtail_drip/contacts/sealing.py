"""Between the rows and the pure chain of consent: seals what is appended, and finds chains that are not whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_address

from django.db.models import Max

from wagtail_drip.contacts import chain
from wagtail_drip.contacts.models import ConsentRecord
from wagtail_drip.core import keys
from wagtail_drip.core.among import Among

Pair = tuple[int, int]


def heads(pairs: Collection[Pair]) -> dict[Pair, str]:
    """Return the last digest of each (contact, site), in one query; nothing where there is no record yet."""
    of_pairs = ConsentRecord.objects.filter(
        contact_id__in={contact_id for contact_id, _ in pairs}, site_id__in={site_id for _, site_id in pairs}
    )
    last = of_pairs.order_by().values("contact_id", "site_id").annotate(last=Max("pk")).values("last")
    rows = ConsentRecord.objects.filter(pk__in=last).values_list("contact_id", "site_id", "digest")
    return {(contact_id, site_id): digest for contact_id, site_id, digest in rows}


def sealed(records: Sequence[ConsentRecord], heads: dict[Pair, str]) -> Sequence[ConsentRecord]:
    """Seal new *records* in their order, each to the one before it; *heads* moves on with them."""
    for record, salt in zip(records, keys.new_tokens(len(records)), strict=True):
        pair = (record.contact_id, record.site_id)
        record.salt = salt
        record.personal_digest = chain.personal_digest(salt, wording=record.wording, ip=address(record.ip))
        record.previous = heads.get(pair, chain.NOTHING)
        record.digest = chain.digest(record.previous, content(record), record.personal_digest)
        heads[pair] = record.digest
    return records


def content(record: ConsentRecord) -> dict[str, object]:
    """
    Return what is sealed of a record in the open.

    Who of the staff entered it is not: that column empties itself when their account goes. ``source`` names them.
    """
    return {
        "contact": record.contact_id,
        "site": record.site_id,
        "purpose_group": str(record.purpose_group),
        "channel": str(record.channel),
        "topic": record.topic,
        "granted": record.granted,
        "source": record.source,
        "method": str(record.method),
        "wording_version": record.wording_version,
        "page": record.page_id,
        "revision": record.revision_id,
        "at": chain.moment(record.at),
        "recorded_at": chain.moment(record.recorded_at),
    }


def as_sealed(record: ConsentRecord) -> chain.Sealed:
    return chain.Sealed(
        id=record.pk,
        content=content(record),
        wording=record.wording,
        ip=address(record.ip),
        salt=record.salt,
        personal_digest=record.personal_digest,
        previous=record.previous,
        digest=record.digest,
    )


def address(ip: str | None) -> str:
    """Return an address in the one spelling in which it is sealed; databases have their own."""
    try:
        return str(ip_address(ip)) if ip else ""
    except ValueError:
        return ip or ""


def verified(contact_ids: Collection[int]) -> Iterator[tuple[Pair, chain.Verified]]:
    """Check the chains of these contacts, in one query, one chain after the other."""
    found: defaultdict[Pair, list[chain.Sealed]] = defaultdict(list)
    for record in ConsentRecord.objects.filter(Among("contact_id", contact_ids)).order_by("pk"):
        found[record.contact_id, record.site_id].append(as_sealed(record))
    for pair in sorted(found):
        yield pair, chain.verify(found[pair])


def faults(contact_ids: Collection[int]) -> Iterable[tuple[Pair, chain.Verified]]:
    """Return the chains of these contacts that are not whole."""
    return [(pair, result) for pair, result in verified(contact_ids) if not result.is_whole]
