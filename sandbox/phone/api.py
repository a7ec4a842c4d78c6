"""The provider's HTTP interface, which the simulator gateway speaks."""

from __future__ import annotations

import hmac
import json

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sandbox.phone import network
from sandbox.phone.models import PhoneMessage


@csrf_exempt
@require_POST
def take_message(request: HttpRequest) -> JsonResponse:
    """
    Take one text: JSON `{reference, to, from, text, callback_url}`, answered by 202 `{"id": …}`.

    A repeated reference (the header Idempotency-Key, else the field) answers as the first time did.
    """
    if not _is_authorised(request):
        return _refusal(401, "config", "The bearer token is wrong.")
    try:
        body = json.loads(request.body)
        reference = request.headers.get("Idempotency-Key") or body["reference"]
        fields = {
            "reference": str(reference),
            "number": str(body["to"]),
            "sender": str(body.get("from") or ""),
            "text": str(body["text"]),
            "callback_url": str(body.get("callback_url") or ""),
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return _refusal(400, "config", "JSON with reference, to, from and text is expected.")
    try:
        message = network.take(**fields)
    except network.NetworkRefusal as refusal:
        return _refusal(400, str(refusal), "The network refuses this number.")
    if network.behaviour_of(message.number).answers_with_error:
        return JsonResponse({"message": "The network stumbled after it had taken the text."}, status=500)
    return JsonResponse({"id": message.provider_id}, status=202)


@require_GET
def find_message(request: HttpRequest, reference: str) -> JsonResponse:
    """Tell what became of the text with this reference; 404 when it never came."""
    if not _is_authorised(request):
        return _refusal(401, "config", "The bearer token is wrong.")
    message = PhoneMessage.objects.filter(reference=reference).first()
    if message is None:
        return JsonResponse({"message": "No text has this reference."}, status=404)
    return JsonResponse({"id": message.provider_id, "status": message.status, "code": message.code})


def _is_authorised(request: HttpRequest) -> bool:
    expected = f"Bearer {settings.PHONE_TOKEN}"
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode())


def _refusal(status: int, outcome: str, message: str) -> JsonResponse:
    return JsonResponse({"outcome": outcome, "code": outcome, "message": message}, status=status)
