"""The way back to a cart: which shop it is, and then the shop's own answer."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from wagtail_drip.stores import registry


@login_not_required  # the shop's own pages decide who must log in
@require_http_methods(["GET", "HEAD", "POST"])
def recover_cart(request: HttpRequest, store: str, token: str) -> HttpResponse:
    """Let the shop bring the cart of *token* back."""
    adapter = registry.find(store)
    if adapter is None:
        raise Http404
    response = adapter.recovery_response(request, token)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    # "same-origin" and not "no-referrer": the form behind the link needs its origin for the CSRF check.
    response["Referrer-Policy"] = "same-origin"
    return response
