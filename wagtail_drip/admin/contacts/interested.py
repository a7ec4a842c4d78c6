"""What a contact cares about: staff note what they were told, and forget what was concluded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_drip.admin.contacts.screens import VIEW_CONTACT, ContactScreen
from wagtail_drip.core import clock, sites
from wagtail_drip.privacy import trail
from wagtail_drip.segments import interest_rule
from wagtail_drip.segments.interest_rule import interest_choices
from wagtail_drip.stores import interest_actions, interests

CHANGE_CONTACT = "wagtail_drip.change_contact"
SOURCE = "staff"
_SOURCES: dict[str, Any] = {
    SOURCE: gettext_lazy("noted by staff"),
    "page:preferences": gettext_lazy("on their own page"),
    "api": gettext_lazy("told by your site"),
    "import": gettext_lazy("on a list that was imported"),
}


class InterestsForm(forms.Form):
    stated = forms.MultipleChoiceField(
        label=gettext_lazy("They said they are interested in"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["stated"]
        field.choices = interest_choices()


class InterestsView(ContactScreen):
    template_name = "wagtail_drip/admin/contacts/interests.html"
    page_title = gettext_lazy("What they are interested in")
    permissions = (VIEW_CONTACT, CHANGE_CONTACT)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "forget" in request.POST:
            interest_actions.forget_inferred(self.contact.pk, now=clock.now())
            trail.note(self.contact.pk, trail.INTERESTS_FORGOTTEN, user=request.user)
            messages.success(request, _("What they had shown up to now was forgotten."))
            return redirect(self.own_page)
        form = InterestsForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was saved: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        wanted = set(form.cleaned_data["stated"])
        new = interest_actions.state(
            self.contact.pk,
            {int(pk): pk in wanted for pk, _name in interest_choices()},
            site_id=sites.default_id(),
            source=SOURCE,
            now=clock.now(),
        )
        if new:
            trail.note(self.contact.pk, trail.INTERESTS_NOTED, user=request.user)
        messages.success(request, _("What they are interested in was saved."))
        return redirect(self.own_page)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        said, shown = interests.told_of(self.contact.pk, now=clock.now())
        return {
            "form": InterestsForm(initial={"stated": [str(each.interest_id) for each in said]}),
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "shown": shown,
            "has_any": bool(interest_choices()),
        }


def for_page(contact_id: int) -> dict[str, Any]:
    """Return what the contact's own page shows of it."""
    said, shown = interests.told_of(contact_id, now=clock.now())
    return {
        "said_interests": [(each.interest.name, source_in_words(each.source), each.since) for each in said],
        "shown_interests": [(each.interest.name, each.lasts_until) for each in shown],
    }


def source_in_words(source: str) -> str:
    form, colon, page = source.partition(":")
    if (form, colon) == ("form", ":"):
        return _("in the sign-up form on %(page)s") % {"page": page}
    return str(_SOURCES.get(source, source))


def filters() -> list[tuple[str, Any]]:
    """Return what the list of contacts can be filtered by: each interest, as they said and as they have shown."""
    names = interest_choices()
    return [
        *((f"stated-{pk}", _("%(interest)s, as they said") % {"interest": name}) for pk, name in names),
        *(
            (f"inferred-{pk}", _("%(interest)s, as they have shown") % {"interest": name})
            for pk, name in names
        ),
    ]


def condition(chosen: str) -> Q:
    """Return who is meant by one of ``filters``."""
    by, _dash, pk = chosen.partition("-")
    rule, now = {"interest": int(pk), "by": by}, clock.now()
    return interest_rule.condition(rule, now=now, together=False) | interest_rule.condition(
        rule, now=now, together=True
    )
