from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.content import problems
from wagtail_drip.sequences.blocks.base import Fault, StepBlock

MOST_PEOPLE = 200


def people() -> list[tuple[str, str]]:
    """Return who works in the admin and has an e-mail address."""
    model = get_user_model()
    email = model.get_email_field_name()
    may_enter = Q(is_superuser=True) | Q(
        groups__permissions__codename="access_admin",
        groups__permissions__content_type__app_label="wagtailadmin",
    )
    rows = model._default_manager.filter(may_enter, is_active=True).exclude(**{email: ""}).distinct()
    return [
        (str(user.pk), f"{user.get_full_name() or user.get_username()} ({getattr(user, email)})")
        for user in rows.order_by("pk")[:MOST_PEOPLE]
    ]


class Block(StepBlock):
    kind = "notify_staff"
    order = 57

    subject = blocks.CharBlock(
        required=False, max_length=150, label=_("Subject"), help_text=_("May hold variables, as a text does.")
    )
    text = blocks.TextBlock(
        required=False,
        rows=4,
        label=_("What to tell them"),
        help_text=_("Variables such as contact.first_name work as in a text, in double braces."),
    )
    people = blocks.MultipleChoiceBlock(
        choices=people, required=False, widget=forms.CheckboxSelectMultiple, label=_("Tell these people")
    )
    addresses = blocks.TextBlock(
        required=False, rows=2, label=_("And these addresses"), help_text=_("E-mail addresses, one a line.")
    )

    class Meta:
        icon = "group"
        label = _("Tell the staff")
        group = _("Do something")
        description = _("Writes an e-mail to people of yours, and lists it under “Notices to staff”.")

    def settings_of(self, value: Any) -> dict[str, Any]:
        return {
            "subject": value.get("subject") or "",
            "text": value.get("text") or "",
            "people": sorted(str(pk) for pk in value.get("people") or ()),
            "addresses": _addresses(value),
        }

    def in_words(self, value: Any) -> str:
        return str(_("Tells the staff: %(subject)s") % {"subject": value.get("subject") or "…"})

    def faults(self, value: Any, *, trigger_event: str) -> Iterator[Fault]:
        for field in ("subject", "text"):
            if not (value.get(field) or "").strip():
                yield Fault(field=field, message=str(_("Write what the staff should know.")))
            elif fault := problems.fault_in(value[field], trigger_event=trigger_event):
                yield Fault(field=field, message=fault)
        if not value.get("people") and not _addresses(value):
            yield Fault(field="people", message=str(_("Choose somebody to tell, or write an address.")))
        for address in _addresses(value):
            try:
                validate_email(address)
            except ValidationError:
                yield Fault(
                    field="addresses",
                    message=str(
                        _("“%(address)s” is not an e-mail address. Correct it.") % {"address": address}
                    ),
                )


def _addresses(value: Any) -> list[str]:
    words = (value.get("addresses") or "").replace(",", " ").replace(";", " ").split()
    return list(dict.fromkeys(words))
