"""From claimed calls to work that needs no database: what to post, whom to write to. A fixed number of queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connections

from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.contacts.models import Contact
from wagtail_drip.content.compose import compose
from wagtail_drip.content.types import TextToCompose
from wagtail_drip.core import actions as core
from wagtail_drip.enrolments import webhook_client
from wagtail_drip.enrolments.models import Enrolment, OutsideCall
from wagtail_drip.enrolments.webhook_client import Refused
from wagtail_drip.enrolments.webhook_targets import UnknownTarget, target
from wagtail_drip.sequences.models import Sequence

Job = Callable[[], dict[str, Any]]

MAIL_TIMEOUT_SECONDS = 20


def jobs(
    calls: Many[OutsideCall], runs: Mapping[int, Enrolment], *, now: datetime
) -> dict[int, Job | Exception]:
    """
    Return what to do for each call by its id, or what stands in the way.

    A job touches no database, so that it can run beside others; it returns the answer to keep.
    """
    heads = contacts.resolve_merged({runs[call.enrolment_id].contact_id for call in calls})
    people = Contact.objects.in_bulk(set(heads.values()))
    tags = contacts.tags(set(heads.values()))
    names = dict(
        Sequence.objects.filter(pk__in={call.sequence_id for call in calls}).values_list("pk", "name")
    )
    users = _addresses_of_people(calls)
    install_id = core.installation().install_id
    texts = _rendered(calls, runs, heads, now=now)
    found: dict[int, Job | Exception] = {}
    for call in calls:
        person = people[heads[runs[call.enrolment_id].contact_id]]
        written = {name: texts[call.key, name] for name in _sources(call)}
        try:
            if call.kind == "webhook":
                sequence = {"id": call.sequence_id, "name": names.get(call.sequence_id, "")}
                body = _body(call, person, sequence, written, tags.get(person.pk, frozenset()))
                found[call.pk] = _posting(call, body, key=f"{install_id}:{call.key}")
            else:
                found[call.pk] = _mailing(call, written, users, key=f"{install_id}:{call.key}")
        except (Refused, UnknownTarget) as error:
            found[call.pk] = error
    return found


def _sources(call: OutsideCall) -> dict[str, str]:
    """Return the texts of a call in which variables may stand, by name."""
    if call.kind == "webhook":
        return {f"field:{name}": str(text) for name, text in call.payload.get("fields", {}).items()}
    return {name: str(call.payload.get(name, "")) for name in ("subject", "text")}


def _rendered(
    calls: Many[OutsideCall], runs: Mapping[int, Enrolment], heads: Mapping[int, int], *, now: datetime
) -> dict[tuple[str, str], str]:
    """Return each text with its variables filled in; one without a value is left out, as nobody is texted."""
    wanted = [
        TextToCompose(
            message_key=f"{call.key}:{name}",
            contact_id=heads[runs[call.enrolment_id].contact_id],
            site_id=runs[call.enrolment_id].site_id,
            source=source,
            variables={
                "event": (call.payload.get("event") or {}).get("properties", {}),
                "webhook": call.payload.get("webhook", {}),
            },
            track_links=False,
        )
        for call in calls
        for name, source in _sources(call).items()
    ]
    composed = compose(wanted, now=now) if wanted else {}
    return {
        (call.key, name): composed[f"{call.key}:{name}"].body for call in calls for name in _sources(call)
    }


def _body(
    call: OutsideCall,
    person: Contact,
    sequence: Mapping[str, Any],
    written: Mapping[str, str],
    tags: frozenset[str],
) -> bytes:
    document = {
        "type": "wagtail_drip.step",
        "name": call.name,
        "sequence": sequence,
        "step": call.step_id,
        "contact": {
            "id": person.pk,
            "phone": person.phone,
            "email": person.email,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "language": person.language,
            "region": person.region,
            "attributes": person.attributes,
            "tags": sorted(tags),
        },
        "event": call.payload.get("event"),
        "fields": {name.removeprefix("field:"): text for name, text in written.items()},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _posting(call: OutsideCall, body: bytes, *, key: str) -> Job:
    place = target(str(call.payload.get("target", "")))
    return lambda: webhook_client.post(place, body, key=key)


def _addresses_of_people(calls: Many[OutsideCall]) -> dict[str, str]:
    wanted = {str(pk) for call in calls for pk in call.payload.get("people") or ()}
    if not wanted:
        return {}
    model = get_user_model()
    rows = model._default_manager.filter(pk__in=wanted, is_active=True)
    return {str(user.pk): getattr(user, model.get_email_field_name(), "") or "" for user in rows}


def _mailing(call: OutsideCall, written: Mapping[str, str], users: Mapping[str, str], *, key: str) -> Job:
    payload = call.payload
    chosen = [users.get(str(pk), "") for pk in payload.get("people") or ()]
    to = list(dict.fromkeys(address for address in [*chosen, *(payload.get("addresses") or ())] if address))
    if not to:
        raise Refused("Nobody to write to: none of the people chosen has an e-mail address any more.")
    # The same at every attempt, so that a mailbox can tell that it has this letter already.
    headers = {"Message-ID": f"<{key.replace(':', '.')}@{mail.DNS_NAME}>"}
    subject, text = " ".join(written["subject"].split()), written["text"]

    def send() -> dict[str, Any]:
        try:
            connection: Any = mail.get_connection()
            if getattr(connection, "timeout", 0) is None:
                connection.timeout = MAIL_TIMEOUT_SECONDS
            mail.EmailMessage(
                subject=subject, body=text, to=to, connection=connection, headers=headers
            ).send()
        finally:
            connections.close_all()  # of a mail backend that keeps its letters in a table
        return {"to": to, "subject": subject, "text": text}

    return send
