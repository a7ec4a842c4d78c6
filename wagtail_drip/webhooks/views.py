"""
What providers tell us: verified, kept raw, answered. It is read later, by ``messaging.read_callbacks``.

Only an exact STOP is applied here and now, so that nothing more goes to somebody who has just said so.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from wagtail_drip import conf
from wagtail_drip.compliance import querysets as compliance
from wagtail_drip.core import clock, traces
from wagtail_drip.exceptions import WagtailDripError
from wagtail_drip.gateways import registry as gateways
from wagtail_drip.gateways.errors import WebhookRejected
from wagtail_drip.gateways.types import InboundEvent, RawRequest, StatusEvent
from wagtail_drip.inbox import actions as inbox
from wagtail_drip.messaging import actions as messaging

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024


@csrf_exempt
@login_not_required
@never_cache
@transaction.non_atomic_requests  # what was kept stays kept if applying a STOP goes wrong
def webhook(request: HttpRequest, alias: str) -> HttpResponse:
    """
    Take one request of the provider behind the gateway *alias*.

    404 no such gateway · 405 a method it does not use · 413 too large · 403 no proof of its origin · 400 not
    understood · 503 not kept, so that the provider repeats it · else what the provider wants to hear.
    """
    if alias not in gateways.aliases():
        return HttpResponse(status=404)
    try:
        gateway = gateways.get(alias)
    except ImproperlyConfigured:
        logger.exception("The gateway %s cannot be loaded; its provider is asked to repeat.", alias)
        return HttpResponse(status=503)
    if request.method not in gateway.webhook_methods:
        return HttpResponseNotAllowed(sorted(gateway.webhook_methods))
    try:
        body = _body(request)
        raw = RawRequest.build(
            method=request.method,
            url=_public_url(request),
            headers=request.headers,
            body=body,
            remote_addr=request.META.get("REMOTE_ADDR", ""),
        )
    except RequestDataTooBig:
        return HttpResponse(status=413)
    except (UnreadablePostError, ValueError):
        return HttpResponse(status=400)
    if not gateway.verify(raw):
        logger.warning("A request to the webhook of %s did not prove its origin; nothing was kept.", alias)
        return HttpResponse(status=403)
    try:
        parsed = gateway.parse(raw)
    except WebhookRejected:
        logger.warning("A request to the webhook of %s was not understood; nothing was kept.", alias)
        return HttpResponse(status=400)
    now = clock.now()
    try:
        messaging.store_callback(
            gateway=alias, raw=raw.to_json(), digest=digest(alias, raw, parsed.events, now=now), now=now
        )
    except DatabaseError as error:
        logger.error("A request to the webhook of %s could not be kept.\n%s", alias, traces.trace_of(error))
        return HttpResponse(status=503)
    _apply_stops(alias, parsed.events, now=now)
    answer = parsed.response
    return HttpResponse(answer.body, content_type=answer.content_type, status=answer.status)


def _apply_stops(alias: str, events: Iterable[StatusEvent | InboundEvent], *, now: datetime) -> None:
    # Also for a repeat: the first time may have kept it and then failed here.
    own = compliance.keywords_once()
    for event in events:
        if isinstance(event, InboundEvent):
            try:
                inbox.apply_stop_at_once(gateway=alias, inbound=event, now=now, own=own)
            except (DatabaseError, WagtailDripError) as error:
                # It is kept and will be applied when it is read, in a second or so.
                trace = traces.trace_of(error)
                logger.error("A text to %s could not be looked at for a STOP at once.\n%s", alias, trace)


def _body(request: HttpRequest) -> bytes:
    """:raises RequestDataTooBig: over 256 KB, without reading it where its length is announced."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise RequestDataTooBig
    body = request.body
    if len(body) > MAX_BODY_BYTES:
        raise RequestDataTooBig
    return body


def _public_url(request: HttpRequest) -> str:
    """
    Return the address as the provider called it.

    From PUBLIC_BASE_URL, never from the Host header: behind a proxy that ends TLS the header's scheme is wrong,
    and who may choose the header would choose what is signed.
    """
    return conf.settings.PUBLIC_BASE_URL.rstrip("/") + request.get_full_path()


def digest(
    alias: str, raw: RawRequest, events: Iterable[StatusEvent | InboundEvent], *, now: datetime
) -> str:
    """
    Return what tells a repeat of a request from a new one.

    Two texts "Yes" of one person are the same bytes where a provider gives texts neither an id nor a time; then
    the minute counts too. A reply kept twice does less harm than a reply lost.
    """
    target = urlsplit(raw.url)
    parts = [alias, raw.method, target.path, target.query]
    if any(isinstance(event, InboundEvent) and not event.provider_id and not event.at for event in events):
        parts.append(now.strftime("%Y-%m-%dT%H:%M"))
    found = hashlib.sha256("\n".join(parts).encode())
    found.update(b"\n" + raw.body)
    return found.hexdigest()
