"""The proof of what one contact agreed to: every record, the chain that ties them, and how each sign-up was confirmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Site

from wagtail_drip.admin import redaction, words
from wagtail_drip.admin.contacts import record_words
from wagtail_drip.contacts import chain, querysets, sealing
from wagtail_drip.contacts.models import ConsentRecord, Contact, OptInRequest
from wagtail_drip.inbox import sign_ups
from wagtail_drip.messaging.models import InboundText, Message, Receipt

FORMAT = "wagtail_drip.evidence"
VERSION = 1
FAULTS: dict[chain.Fault, Any] = {
    chain.Fault.CHANGED: gettext_lazy("Changed after it was written"),
    chain.Fault.PERSONAL_CHANGED: gettext_lazy("Words or address changed after it was written"),
    chain.Fault.BROKEN: gettext_lazy("The record before it is missing, or another was put between"),
    chain.Fault.UNSEALED: gettext_lazy("Put in past this program"),
}
# Of nobody did anybody record more by hand or by form; a program that did is shown its newest.
MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Trace:
    """How one sign-up went: the request, the text that asked, its receipts, and the reply."""

    request: OptInRequest
    question: Message | None
    receipts: Sequence[Receipt]
    reply: InboundText | None
    shows_texts: bool = True

    @property
    def lines(self) -> list[tuple[str, datetime | None, str]]:
        """Return the story as a name, a moment and words for each line."""
        request, question, reply = self.request, self.question, self.reply
        found: list[tuple[str, datetime | None, str]] = [
            (
                _("Form filled in"),
                request.requested_at,
                f"{request.source} {sealing.address(request.ip)}".strip(),
            )
        ]
        if request.record_id is None:
            found.append((_("They would agree to"), None, request.wording))
        if question is not None:
            state = str(words.state_label(question.state))
            found.append(
                (_("Text sent"), question.handed_over_at, f"{self._text(question.body) or '–'} ({state})")
            )
        found += [
            (_("Receipt"), receipt.at or receipt.recorded_at, str(words.state_label(receipt.status)))
            for receipt in self.receipts
        ]
        if reply is not None:
            found.append((_("Reply"), reply.at, self._text(reply.text)))
        elif request.confirmed_by == "page":
            found.append((_("Confirmed on the page behind the link"), request.settled_at, ""))
        if request.state == "withdrawn":
            found.append((_("Taken back"), request.settled_at, ""))
        elif request.state == "waiting":
            found.append((_("Can be confirmed until"), request.expires_at, ""))
        return found

    def _text(self, words: str) -> str:
        return redaction.text(words, shown=self.shows_texts)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One record, with what is wrong with it; '' where nothing is."""

    record: ConsentRecord
    site: str
    fault: str
    is_older: bool
    is_erased: bool
    trace: Trace | None = None

    @property
    def heading(self) -> str:
        return record_words.heading(self.record)

    @property
    def fault_words(self) -> str:
        return str(FAULTS[chain.Fault(self.fault)]) if self.fault else ""

    @property
    def details(self) -> list[tuple[str, Any]]:
        record = self.record
        page = _("page %(page)s, revision %(revision)s") % {
            "page": record.page_id,
            "revision": record.revision_id or "–",
        }
        told = [
            (_("Site"), self.site),
            (_("Topic"), record.topic),
            (_("Where"), record_words.source(record)),
            (_("How"), words.CONSENT_METHODS.get(record.method, record.method)),
            (_("Shown by"), page if record.page_id else ""),
            (_("Wording"), record.wording_version),
            (_("Address"), sealing.address(record.ip)),
            (_("Entered by"), record.staff_user.get_username() if record.staff_user is not None else ""),
            (_("Written down"), date_format(localtime(record.recorded_at), "DATETIME_FORMAT")),
        ]
        return [(name, value) for name, value in told if value]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """
    :ivar entries: newest first.
    :ivar chains: the site's name, the contact's id and what a look at the chain found.
    :ivar open_requests: sign-ups that nobody has confirmed.
    :ivar has_more: whether older records are left out of ``entries``; every chain was read to its end.
    """

    contact: Contact
    entries: list[Entry]
    chains: list[tuple[str, int, chain.Verified]]
    open_requests: list[Trace] = field(default_factory=list)
    has_more: bool = False

    @property
    def is_whole(self) -> bool:
        return all(verified.is_whole for _, _, verified in self.chains)


def gather(contact: Contact, *, shows_texts: bool = True) -> Evidence:
    """Return the proof of a contact and of whoever was merged into it, in a fixed number of queries."""
    contact_ids = [contact.pk, *querysets.merged_into([contact.pk])]
    sites = {site.pk: site.site_name or site.hostname for site in Site.objects.all()}
    chains = dict(sealing.verified(contact_ids))
    rows = ConsentRecord.objects.filter(contact_id__in=contact_ids).select_related("staff_user")
    records = list(rows.order_by("-pk")[: MOST + 1])
    traces = _traces(contact_ids, shows_texts=shows_texts)
    by_record = {trace.request.record_id: trace for trace in traces if trace.request.record_id is not None}
    return Evidence(
        contact=contact,
        entries=[
            Entry(
                record=record,
                site=sites.get(record.site_id, ""),
                fault=chains[record.contact_id, record.site_id].faults.get(record.pk, ""),
                is_older=not record.digest,
                is_erased=bool(record.digest) and not record.salt,
                trace=by_record.get(record.pk),
            )
            for record in records[:MOST]
        ],
        chains=[
            (sites.get(site_id, ""), contact_id, verified)
            for (contact_id, site_id), verified in chains.items()
        ],
        open_requests=[trace for trace in traces if trace.request.record_id is None],
        has_more=len(records) > MOST,
    )


def _traces(contact_ids: Collection[int], *, shows_texts: bool) -> list[Trace]:
    requests = list(
        OptInRequest.objects.filter(contact_id__in=contact_ids).order_by("-requested_at", "-pk")[:MOST]
    )
    if not requests:
        return []
    by_key = {
        message.key: message
        for message in Message.objects.filter(key__in=[sign_ups.key_of(request.pk) for request in requests])
    }
    receipts: defaultdict[int | None, list[Receipt]] = defaultdict(list)
    for receipt in Receipt.objects.filter(message__in=[message.pk for message in by_key.values()]).order_by(
        "recorded_at", "pk"
    ):
        receipts[receipt.message_id].append(receipt)
    replies = InboundText.objects.in_bulk(
        [request.inbound_text_id for request in requests if request.inbound_text_id is not None]
    )
    found = []
    for request in requests:
        question = by_key.get(sign_ups.key_of(request.pk))
        found.append(
            Trace(
                request=request,
                question=question,
                receipts=receipts[question.pk] if question is not None else [],
                reply=replies.get(request.inbound_text_id or 0),
                shows_texts=shows_texts,
            )
        )
    return found


def as_json(evidence: Evidence, *, now: datetime) -> dict[str, Any]:
    """Return the proof as a document that stands by itself: the digests can be computed from it again."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": chain.moment(now),
        "contact": {
            "id": evidence.contact.pk,
            "phone": evidence.contact.phone,
            "name": evidence.contact.name,
        },
        "is_whole": evidence.is_whole,
        "is_complete": not evidence.has_more,
        "chains": [
            {
                "contact": contact_id,
                "site": site,
                "is_whole": verified.is_whole,
                "records": verified.records,
                "before_the_chain": verified.older,
                "erased": verified.erased,
                "head": verified.head,
                "faults": {str(pk): fault.value for pk, fault in verified.faults.items()},
            }
            for site, contact_id, verified in evidence.chains
        ],
        "records": [_record(entry) for entry in reversed(evidence.entries)],
        "requests": [_trace(trace) for trace in _all_traces(evidence)],
    }


def _all_traces(evidence: Evidence) -> Iterable[Trace]:
    traces = [
        *evidence.open_requests,
        *(entry.trace for entry in evidence.entries if entry.trace is not None),
    ]
    return sorted(traces, key=lambda trace: trace.request.pk)


def _record(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "id": record.pk,
        "content": sealing.content(record),
        "site_name": entry.site,
        "wording": record.wording,
        "ip": sealing.address(record.ip),
        "staff_user": record.staff_user.get_username() if record.staff_user is not None else "",
        "salt": record.salt,
        "personal_digest": record.personal_digest,
        "previous": record.previous,
        "digest": record.digest,
        "fault": str(entry.fault),
    }


def _trace(trace: Trace) -> dict[str, Any]:
    request, question, reply = trace.request, trace.question, trace.reply
    return {
        "id": request.pk,
        "record": request.record_id,
        "is_double": request.is_double,
        "state": request.state,
        "purpose_group": request.purpose_group,
        "topic": request.topic,
        "source": request.source,
        "wording": request.wording,
        "page": request.page_id,
        "revision": request.revision_id,
        "ip": sealing.address(request.ip),
        "requested_at": chain.moment(request.requested_at),
        "expires_at": chain.moment(request.expires_at),
        "settled_at": _moment(request.settled_at),
        "confirmed_by": request.confirmed_by,
        "question": None
        if question is None
        else {
            "key": question.key,
            "text": question.body,
            "state": question.state,
            "reason": question.reason,
            "handed_over_at": _moment(question.handed_over_at),
            "receipts": [
                {"status": receipt.status, "at": _moment(receipt.at or receipt.recorded_at)}
                for receipt in trace.receipts
            ],
        },
        "reply": None if reply is None else {"text": reply.text, "at": chain.moment(reply.at)},
    }


def _moment(at: datetime | None) -> str | None:
    return chain.moment(at) if at is not None else None
