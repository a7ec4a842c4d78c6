"""The button that has a call tried again which was given up."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View
from wagtail.log_actions import log

from wagtail_drip.core import clock
from wagtail_drip.enrolments import actions as enrolments
from wagtail_drip.enrolments import outside
from wagtail_drip.enrolments.models import OutsideCall
from wagtail_drip.enrolments.states import CallState

MAY = "wagtail_drip.change_outsidecall"
LOGGED = "wagtail_drip.call_again"


class CallAgainView(View):
    http_method_names = ["post"]
    kind = ""
    inspect_name = ""

    def post(self, request: HttpRequest, *, pk: int) -> HttpResponse:
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        call = get_object_or_404(OutsideCall, pk=pk, kind=self.kind)
        with transaction.atomic():
            is_new = enrolments.call_again(call.pk, now=clock.now())
            if is_new:
                log(instance=call, action=LOGGED, user=request.user)
        if is_new:
            messages.success(request, _("It is being tried again."))
        else:
            messages.warning(request, _("Nothing was done: it is not given up any more, or nobody is left."))
        return redirect(self.inspect_name, call.pk)


def explanation(call: OutsideCall) -> str:
    """Return what trying again would do; '' where there is nothing to try again."""
    if call.state != CallState.FAILED or call.enrolment.contact.erased_at is not None:
        return ""
    if call.kind != "webhook":
        return _("The staff are written to once more. Who did get the letter may get it twice.")
    if outside.is_awaited(call, call.enrolment):
        return _("The system is asked once more, and the person goes on with its answer.")
    return _(
        "The person has gone on without the answer. The system is told once more; what it answers is kept for "
        "texts to come, and leads nobody another way."
    )
