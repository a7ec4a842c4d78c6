"""The screens of the phones, for whoever tries the sandbox; and their JSON twin, for tests."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sandbox.phone import network
from sandbox.phone.models import PhoneMessage
from wagtail_drip.core import clock

LONGEST_CONVERSATION = 300
QUICK_REPLIES = ("STOP", "START", "HELP", "1", "5")


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the phone of `?number=`, or of whoever was texted last."""
    return render(request, "phone/page.html", _context(request))


@require_GET
def conversation(request: HttpRequest) -> JsonResponse:
    """Return the parts of the page that change; the page asks for them every two seconds."""
    context = _context(request)
    return JsonResponse(
        {part: render_to_string(f"phone/_{part}.html", context, request) for part in ("phones", "screen")}
    )


@require_GET
def messages_json(request: HttpRequest) -> JsonResponse:
    """Return the texts of `?number=` (all numbers without it), oldest first."""
    found = PhoneMessage.objects.order_by("pk")
    number = _number(request.GET.get("number", ""))
    if number:
        found = found.filter(number=number)
    return JsonResponse([_as_json(message) for message in found], safe=False)


@csrf_exempt
@require_POST
def send_reply(request: HttpRequest) -> HttpResponse:
    """Send `text` from the phone `number`, to the sender `to` or to who wrote last; JSON if asked for."""
    number, text = _number(request.POST.get("number", "")), request.POST.get("text", "").strip()
    if not number or not text:
        return HttpResponseBadRequest("number and text are needed")
    message = network.reply(number=number, to=request.POST.get("to") or _last_sender(number), text=text)
    if request.accepts("text/html"):
        return redirect(f"{reverse('phone:page')}?{urlencode({'number': number})}")
    return JsonResponse(_as_json(message), status=201)


def _context(request: HttpRequest) -> dict[str, Any]:
    last_text = PhoneMessage.objects.filter(number=OuterRef("number")).order_by("-pk").values("text")[:1]
    phones = list(
        PhoneMessage.objects.values("number")
        .annotate(last=Max("pk"), count=Count("pk"), text=Subquery(last_text), at=Max("created_at"))
        .order_by("-last")[:100]
    )
    number = _number(request.GET.get("number", "")) or (phones[0]["number"] if phones else "")
    texts = list(PhoneMessage.objects.filter(number=number).order_by("-pk")[:LONGEST_CONVERSATION])
    return {
        "phones": phones,
        "number": number,
        "texts": texts[::-1],
        "now": clock.now(),
        "sender": _name_of(_last_sender(number)) if number else "",
        "quick_replies": QUICK_REPLIES,
        "magic": [(digits, behaviour.meaning) for digits, behaviour in network.MAGIC.items()],
    }


def _number(typed: str) -> str:
    # "+" arrives as a space when a link was written without escaping it.
    digits = "".join(character for character in typed if character.isdigit())
    return f"+{digits}" if digits else ""


def _last_sender(number: str) -> str:
    sent = PhoneMessage.objects.filter(number=number, direction=PhoneMessage.Direction.OUTBOUND)
    return sent.order_by("-pk").values_list("sender", flat=True).first() or settings.SHOP_NUMBER


def _name_of(sender: str) -> str:
    """Return the name under which the phone's owner has saved the shop's number."""
    return settings.OSCAR_SHOP_NAME if sender == settings.SHOP_NUMBER else sender


def _as_json(message: PhoneMessage) -> dict[str, Any]:
    ends = [message.sender, message.number]
    if message.direction == PhoneMessage.Direction.INBOUND:
        ends.reverse()
    return {
        "id": message.provider_id,
        "direction": message.direction,
        "text": message.text,
        "status": message.status,
        "at": message.created_at.isoformat(),
        "from": ends[0],
        "to": ends[1],
    }
