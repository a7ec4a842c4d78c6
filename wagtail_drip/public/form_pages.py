"""Forms of Wagtail's form builder: each that is sent becomes a notice, in its own transaction, and never an error.

Who sent it is read from fields of usual names; whoever left neither number nor address is nobody we could know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models.signals import post_save  # noqa: TID251 -- the only way that a form tells it was sent

from wagtail_drip.core import clock
from wagtail_drip.events import actions as events
from wagtail_drip.events.harmless import harmless
from wagtail_drip.events.types import OUR_STORE

# The clean names of fields, as Wagtail makes them from labels.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "phone": (
        "phone",
        "mobile",
        "phone_number",
        "mobile_number",
        "telephone",
        "tel",
        "cell",
        "shou_ji",
        "dian_hua",
    ),
    "email": ("email", "e_mail", "email_address", "you_xiang"),
    "first_name": ("first_name", "firstname", "given_name", "name", "xing_ming"),
    "last_name": ("last_name", "lastname", "surname", "family_name"),
}
CONSENT = ("sms_consent", "text_consent", "drip_sms_consent")
_LONGEST = 500


def connect() -> None:
    """Hear every kind of submission; called once from the AppConfig."""
    if apps.is_installed("wagtail.contrib.forms"):
        post_save.connect(hear_saved, dispatch_uid="wagtail_drip.form_saved")


def hear_saved(*, sender: Any, instance: Any, created: bool = False, raw: bool = False, **_: Any) -> None:
    """Hear that something was saved; only a new submission of a form is anything to us."""
    from wagtail.contrib.forms.models import AbstractFormSubmission

    if created and not raw and isinstance(instance, AbstractFormSubmission):
        leave(instance)


@harmless
def leave(submission: Any) -> None:
    """Leave a notice of a form that was sent."""
    answers = dict(submission.form_data)
    contact = contact_of(answers)
    if not contact.keys() & {"phone", "email"}:
        return
    # What fails in here must not take the sender's own transaction with it.
    with transaction.atomic():
        _write(submission, contact, answers)


def _write(submission: Any, contact: Mapping[str, str], answers: Mapping[str, Any]) -> None:
    page = submission.page
    site = page.get_site()
    events.write_notice(
        store=OUR_STORE,
        kind="form_submitted",
        object_id=str(submission.pk),
        key=f"form:{type(submission)._meta.label_lower}:{submission.pk}"[:191],
        envelope={
            "event": "form_submitted",
            "source": "api",
            "contact": dict(contact),
            "consent": _consent(page, answers),
            "properties": {
                "page_id": page.pk,
                "form": page.title,
                "fields": {str(name): _short(value) for name, value in answers.items()},
            },
            "site_id": site.pk if site is not None else None,
        },
        now=clock.now(),
    )


def contact_of(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return who sent a form, by the fields of usual names."""
    found = {}
    for name, usual in FIELDS.items():
        value = next((answers[field] for field in usual if answers.get(field)), "")
        if isinstance(value, str) and value.strip():
            found[name] = value.strip()
    return found


def _consent(page: Any, answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer to a box that asks for texts; None where there is none, or it was left empty."""
    asked = next((name for name in CONSENT if answers.get(name) is True), None)
    if asked is None:
        return None
    fields = {field.clean_name: field for field in page.get_form_fields()}
    field = fields.get(asked)
    wording = f"{field.label} {field.help_text}".strip() if field is not None else ""
    return {
        "granted": True,
        "group": "marketing",
        "method": "web_form",
        "source": str(page.url or page.title)[:191],
        "wording": wording,
    }


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_short(each) for each in value[:50]]
    return str(value)[:_LONGEST]
