"""Two contacts are one person: who they probably are, what merging them does, and its undoing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.models import Site

from wagtail_drip.admin import redaction, searching, words
from wagtail_drip.admin.contacts import bought, stops, timeline
from wagtail_drip.admin.contacts.screens import VIEW_CONTACT, ContactScreen
from wagtail_drip.conf import settings
from wagtail_drip.contacts import attributes, doubles, merging, querysets
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.privacy import merge

MERGE_CONTACT = "wagtail_drip.merge_contact"
FOUND, GROUPS = 20, 50
REASONS: dict[str, Any] = {
    "account": gettext_lazy("the same account"),
    "email": gettext_lazy("the same e-mail address"),
    "name": gettext_lazy("the same name"),
}
FIELDS: dict[str, Any] = {
    "email": gettext_lazy("E-mail"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "language": gettext_lazy("Language"),
    "zone": gettext_lazy("Time zone"),
    "user_id": gettext_lazy("Account"),
    "created_at": gettext_lazy("Known since"),
    "most_per_week": gettext_lazy("How many texts they want a week"),
    "most_per_month": gettext_lazy("How many texts they want a month"),
    "paused_until": gettext_lazy("Until when they want a pause"),
    "not_before_hour": gettext_lazy("From which hour they want texts"),
    "not_after_hour": gettext_lazy("Until which hour they want texts"),
    "restricted_at": gettext_lazy("That their data are only kept"),
    "objected_at": gettext_lazy("That they object to conclusions"),
}


class MergeForm(forms.Form):
    stays = forms.TypedChoiceField(
        label=gettext_lazy("Who stays"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Their number is texted, and what is known of them counts first."),
        error_messages={"required": gettext_lazy("Choose who stays.")},
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I am sure that they are one person"),
        error_messages={"required": gettext_lazy("Tick this to merge them.")},
    )

    def __init__(self, *args: Any, may_stay: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(may_stay)
        stays: Any = self.fields["stays"]
        stays.choices = choices
        if len(choices) == 1:
            stays.initial = choices[0][0]


class MergeView(ContactScreen):
    """Finds the other contact, then shows the two side by side, and merges them."""

    template_name = "wagtail_drip/admin/contacts/merge.html"
    page_title = gettext_lazy("The same person as another contact")
    permissions = (VIEW_CONTACT, MERGE_CONTACT)

    @property
    def shows_numbers(self) -> bool:
        return redaction.sees(self.request)

    def other(self) -> Contact | None:
        given = self.request.POST.get("with") or self.request.GET.get("with") or ""
        if not (given.isascii() and given.isdecimal() and len(given) < 19):
            return None
        return querysets.alive().filter(pk=int(given)).exclude(pk=self.contact.pk).first()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        other = self.other()
        if other is None:
            messages.error(request, str(merging.CannotMerge("gone")))
            return redirect(self.own_page)
        form = MergeForm(request.POST, may_stay=self.may_stay(self.contact, other))
        if not form.is_valid():
            messages.error(request, _("Nothing was changed: please correct the errors below."))
            return self.render_to_response(self.get_context_data(form=form))
        stays = form.cleaned_data["stays"]
        merged = other.pk if stays == self.contact.pk else self.contact.pk
        try:
            merge.merge(merged, into=stays, now=clock.now(), user=request.user)
        except merging.CannotMerge as refused:
            messages.error(request, str(refused))
            return redirect(self.own_page)
        messages.success(request, _("They are one person now."))
        return redirect("wagtail_drip_contacts:inspect", stays)

    def may_stay(self, *both: Contact) -> list[tuple[int, str]]:
        """Return who of the two may stay, as choices: who has a number, if only one has."""
        have_one = [each for each in both if each.active_phone]
        return [(each.pk, self.called(each)) for each in (have_one if len(have_one) == 1 else both)]

    def called(self, contact: Contact) -> str:
        number = redaction.number(contact.phone, shown=self.shows_numbers)
        return (
            f"{contact.name}, {number}" if contact.name and number else contact.name or number or str(contact)
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**super().get_context_data(**kwargs), "contact": self.contact}
        other = self.other()
        if other is None:
            return {**context, **self.found()}
        both = [self.contact, other]
        form = kwargs.get("form") or MergeForm(may_stay=self.may_stay(*both))
        return {
            **context,
            "other": other,
            "form": form,
            "pair": [self.card(each) for each in both],
            "outcomes": [self.outcome(pk, name, both) for pk, name in self.may_stay(*both)],
            "undo_days": settings.KEEP_MERGE_DAYS,
        }

    def found(self) -> dict[str, Any]:
        """Return whom the contact is like, and whom a search finds."""
        query = (self.request.GET.get("q") or "").strip()[:100]
        alike = doubles.like(self.contact)
        others = querysets.alive().exclude(pk=self.contact.pk)
        results = searching.found(others, query, shows_numbers=self.shows_numbers) if query else others.none()
        return {
            "query": query,
            "alike": [(self.line(other), REASONS[why]) for other, why in alike],
            "results": [self.line(each) for each in results.order_by("pk")[:FOUND]],
        }

    def line(self, contact: Contact) -> dict[str, Any]:
        address = reverse("wagtail_drip_contacts:merge", args=[self.contact.pk])
        return {
            "contact": contact,
            "phone": redaction.number(contact.phone, shown=self.shows_numbers),
            "url": f"{address}?with={contact.pk}",
        }

    def card(self, contact: Contact) -> dict[str, Any]:
        """Return what the comparison shows of one of the two."""
        marketing = [
            row for row in timeline.permissions(contact.pk) if row.group == "marketing" and not row.topic
        ]
        return {
            **self.line(contact),
            "language": words.language_name(contact.language),
            "bought": bought.of(contact.pk),
            "tags": sorted(querysets.tags([contact.pk]).get(contact.pk, ())),
            "attributes": {
                attributes.label_of(name): redaction.value(
                    attributes.shown(name, value), shown=self.shows_numbers
                )
                for name, value in contact.attributes.items()
            },
            "agreed": any(row.granted for row in marketing),
            "refused": any(not row.granted for row in marketing),
            **stops.for_page(contact),
        }

    def outcome(self, pk: int, name: str, both: list[Contact]) -> dict[str, Any]:
        """Return what would become of both, if this one stays; nothing where they cannot be merged any more."""
        merged = next(each.pk for each in both if each.pk != pk)
        try:
            seen = merge.foresee(merged, into=pk, now=clock.now())
        except merging.CannotMerge:
            return {}
        names = {site.pk: site.site_name or site.hostname for site in Site.objects.all()}
        return {
            "name": name,
            "taken": [
                *(FIELDS[name] for name in seen.fields if name in FIELDS),
                *map(attributes.label_of, seen.attributes),
            ],
            "tags": seen.tags,
            "refused": [
                _(", ").join(
                    part for part in (str(words.PURPOSE_GROUPS[group]), topic, names.get(site, "")) if part
                )
                for site, group, topic in seen.refused
            ],
            "is_suppressed": seen.is_suppressed,
            "ended": seen.ended,
            "number": redaction.number(seen.number, shown=self.shows_numbers),
        }


class UndoMergeView(ContactScreen):
    """Says what undoing a merge puts back, and does it."""

    template_name = "wagtail_drip/admin/contacts/undo_merge.html"
    page_title = gettext_lazy("Undo a merge")
    permissions = (VIEW_CONTACT, MERGE_CONTACT)

    def done(self) -> ContactMerge:
        return get_object_or_404(
            ContactMerge.objects.select_related("merged", "into"),
            pk=self.kwargs["merge_id"],
            into=self.contact,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            has_number = merge.undo(self.done().pk, now=clock.now(), user=request.user)
        except merging.CannotUndo as refused:
            messages.error(request, str(refused))
            return redirect(self.own_page)
        messages.success(request, _("They are two people again."))
        if not has_number:
            messages.warning(
                request, _("The number came again meanwhile and belongs to another contact by now.")
            )
        return redirect(self.own_page)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        done = self.done()
        why_not = merging.why_not_undo(done, now=clock.now())
        return {
            **super().get_context_data(**kwargs),
            "contact": self.contact,
            "done": done,
            "form": forms.Form(),
            "why_not": str(merging.CannotUndo(why_not)) if why_not else "",
        }


class DoublesView(WagtailAdminTemplateMixin, TemplateView):
    """Everybody who probably is one person with somebody else, found by account and address."""

    template_name = "wagtail_drip/admin/contacts/doubles.html"
    page_title = gettext_lazy("Probably the same person")
    header_icon = "group"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perms((VIEW_CONTACT, MERGE_CONTACT)):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("wagtail_drip_contacts:index"), "label": _("Contacts")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = redaction.sees(self.request)
        found = doubles.groups(limit=GROUPS + 1)
        return {
            **super().get_context_data(**kwargs),
            "groups": [
                {
                    "why": REASONS[each.by],
                    "first": each.contacts[0],
                    "first_phone": redaction.number(each.contacts[0].phone, shown=shown),
                    "others": [
                        {
                            "contact": other,
                            "phone": redaction.number(other.phone, shown=shown),
                            "url": reverse("wagtail_drip_contacts:merge", args=[each.contacts[0].pk])
                            + f"?with={other.pk}",
                        }
                        for other in each.contacts[1:]
                    ],
                }
                for each in found[:GROUPS]
            ],
            "has_more": len(found) > GROUPS,
        }


def for_page(contact: Contact, *, shown: bool) -> list[dict[str, Any]]:
    """Return who was merged into a contact, newest first, for its page."""
    rows = ContactMerge.objects.filter(into=contact, undone_at=None).select_related("merged", "by", "into")
    days, now = settings.KEEP_MERGE_DAYS, clock.now()
    return [
        {
            "merge": row,
            "name": row.merged.name,
            "number": redaction.number(row.number, shown=shown),
            "can_undo": not merging.why_not_undo(row, now=now),
            "until": row.at + timedelta(days=days) if days else None,
        }
        for row in rows.order_by("-at", "-pk")
    ]
