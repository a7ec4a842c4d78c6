"""The button that hands out everything we hold about one person."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.generic import View

from wagtail_drip.admin.contacts.screens import EXPORT_CONTACT, VIEW_CONTACT
from wagtail_drip.admin.redaction import SEE_NUMBERS
from wagtail_drip.contacts.models import Contact
from wagtail_drip.core import clock
from wagtail_drip.privacy import export, trail


class ExportView(View):
    http_method_names = ["post"]  # it leaves a line in the log

    def post(self, request: HttpRequest, *, pk: int) -> StreamingHttpResponse:
        if not request.user.has_perms([VIEW_CONTACT, EXPORT_CONTACT, SEE_NUMBERS]):
            raise PermissionDenied
        contact = get_object_or_404(Contact, pk=pk, merged_into=None)
        trail.note(contact.pk, trail.EXPORTED, user=request.user)
        answer = StreamingHttpResponse(
            export.of_contact(contact.pk, now=clock.now()), content_type="application/json; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="contact-{contact.pk}.json"'
        answer["Cache-Control"] = "no-store"
        return answer
