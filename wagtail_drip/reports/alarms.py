"""Alarms: each cause is told once to the people chosen for its kind, and once more when it is well again.

Any process may look, workers and web alike, and any number at the same moment: a constraint lets one of them open
an alarm, and a conditional UPDATE lets one of them write the e-mails. Times are by the database's clock.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.users.models import UserProfile

from wagtail_drip.conf import settings
from wagtail_drip.core import claims, clock
from wagtail_drip.reports import attention
from wagtail_drip.reports.attention import Finding
from wagtail_drip.reports.models import Alarm, AlarmRecipient

logger = logging.getLogger(__name__)

# What flickers is one alarm: it is well only when its cause was away for so long.
WELL_AFTER = timedelta(minutes=5)
# An e-mail that cannot be sent is tried again each time somebody looks, so often.
MOST_ATTEMPTS = 10
KEPT = timedelta(days=90)

# Which findings are alarms, and of which kind; others are only shown.
KINDS: Mapping[str, str] = {
    "no_worker": "workers",
    "dead_worker": "workers",
    "wedged_cluster": "workers",
    "late": "workers",
    "hold": "stopped",
    "sequence_silent": "sequences",
    "sequence_failing": "sequences",
    "sequence_auto_paused": "sequences",
    "once_held": "sequences",
    "unread": "unread",
    "segment": "unread",
}
Cause = tuple[str, str]


def look(*, now: datetime, findings: Iterable[Finding] | None = None) -> None:
    """
    Open an alarm for each new cause, close those that are well, and write what there is to write.

    :param findings: what was found already; else it is looked for.
    """
    present = clock.lease_now()
    here = attention.findings(now=now) if findings is None else findings
    found = {_cause(each): each for each in here if each.code in KINDS}
    _open(found, present)
    _close(found, present)
    _write(present)


def sentences(*, now: datetime) -> dict[Cause, str]:
    """Return what each cause that is present says just now, in the language of whoever asks."""
    return {_cause(each): str(each.sentence) for each in attention.findings(now=now) if each.code in KINDS}


def chosen() -> dict[str, set[int]]:
    """Return the ids of the people who are written to, by kind."""
    people: dict[str, set[int]] = {}
    for user_id, kind in AlarmRecipient.objects.values_list("user_id", "kind"):
        people.setdefault(kind, set()).add(user_id)
    return people


@transaction.atomic
def choose(people: Mapping[str, Collection[int]]) -> None:
    """Write to these people from now on, by kind; kinds that are not named stay as they are."""
    AlarmRecipient.objects.filter(kind__in=people).delete()
    AlarmRecipient.objects.bulk_create(
        AlarmRecipient(user_id=user_id, kind=kind)
        for kind, ids in sorted(people.items())
        for user_id in sorted(set(ids))
    )


def _cause(finding: Finding) -> Cause:
    # Whether it was seen dead or wedged, no worker is one cause.
    kind = KINDS[finding.code]
    code = "no_worker" if kind == "workers" and finding.code != "late" else finding.code
    return kind, f"{code}:{finding.cause}"[:191]


def _open(found: Mapping[Cause, Finding], present: datetime) -> None:
    known = set(Alarm.objects.filter(is_open=1).values_list("kind", "cause"))
    new = [
        Alarm(kind=kind, cause=cause, sentence=str(finding.sentence), opened_at=present, seen_at=present)
        for (kind, cause), finding in found.items()
        if (kind, cause) not in known
    ]
    if new:
        claims.insert_new(new, unique=["kind", "cause", "is_open"])
        for alarm in new:
            logger.error("Alarm (%s): %s", alarm.kind, alarm.sentence)
    for kind, cause in known & found.keys():
        Alarm.objects.filter(kind=kind, cause=cause, is_open=1).update(seen_at=present)


def _close(found: Mapping[Cause, Finding], present: datetime) -> None:
    for alarm in Alarm.objects.filter(is_open=1, seen_at__lte=present - WELL_AFTER):
        if (alarm.kind, alarm.cause) in found:
            continue
        closed = Alarm.objects.filter(pk=alarm.pk, is_open=1, seen_at=alarm.seen_at)
        if closed.update(is_open=None, closed_at=present, attempts=0):
            logger.info("Well again (%s): %s", alarm.kind, alarm.sentence)
    Alarm.objects.filter(is_open=None, closed_at__lt=present - KEPT).delete()
    # What was over before anybody was told of it is not told of at all.
    Alarm.objects.filter(is_open=None, notified_at=None).update(notified_at=present, well_notified_at=present)


def _write(present: datetime) -> None:
    alarms = Alarm.objects.filter(attempts__lt=MOST_ATTEMPTS)
    for alarm in alarms.filter(is_open=1, notified_at=None):
        _tell(alarm, "notified_at", present)
    for alarm in alarms.filter(is_open=None, well_notified_at=None):
        _tell(alarm, "well_notified_at", present)


def _tell(alarm: Alarm, column: str, present: datetime) -> None:
    """Write to everybody who is chosen for the alarm, unless another process was first."""
    mine = Alarm.objects.filter(pk=alarm.pk, **{column: None})
    if not mine.update(**{column: present}):
        return
    try:
        letters = [_letter(address, language, alarm) for address, language in _readers(alarm.kind)]
        if letters:
            get_connection().send_messages(letters)
    except Exception as error:  # noqa: BLE001 -- a mail server may fail in any way; the alarm stands and is tried again
        logger.error("The e-mails of alarm %s could not be sent: %s.", alarm.pk, type(error).__name__)
        Alarm.objects.filter(pk=alarm.pk, **{column: present}).update(
            **{column: None}, attempts=F("attempts") + 1
        )


def _readers(kind: str) -> list[tuple[str, str]]:
    """Return the e-mail address and the language of each person who is chosen and still may log in."""
    users = get_user_model()._default_manager.filter(
        pk__in=AlarmRecipient.objects.filter(kind=kind).values("user_id"), is_active=True
    )
    languages = dict(UserProfile.objects.filter(user__in=users).values_list("user_id", "preferred_language"))
    found = [(getattr(user, user.get_email_field_name()), languages.get(user.pk) or "") for user in users]
    return [(address, language) for address, language in found if address]


def _letter(address: str, language: str, alarm: Alarm) -> EmailMessage:
    with translation.override(language or translation.get_language()):
        kind = str(dict(Alarm._meta.get_field("kind").choices or ())[alarm.kind])
        if alarm.is_open:
            subject = _("[Text messages] %(kind)s") % {"kind": kind}
            body = _("%(sentence)s\n\nYou are told once, and again when it is well.") % {
                "sentence": alarm.sentence
            }
        else:
            subject = _("[Text messages] Well again: %(kind)s") % {"kind": kind}
            body = _("This is over:\n\n%(sentence)s") % {"sentence": alarm.sentence}
        where = settings.PUBLIC_BASE_URL
        return EmailMessage(subject, f"{body}\n\n{where}".strip(), to=[address])
