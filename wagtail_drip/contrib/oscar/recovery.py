"""The way back to a cart, from a link in a message.

Numbers are recycled and messages are forwarded: whoever comes gets the goods into a basket of their own, and
never somebody's name, address or session. What writes rows asks for a press of a button first, for robots
that preview links only look.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.signing import Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

TOKEN_SALT = "wagtail_drip.recover"  # noqa: S105 -- a salt that keeps signatures apart, not a secret

# Oscar has no types, and its settings none either.
_oscar: Any = settings

_MAX_AGE_SECONDS = 30 * 24 * 3600


def token_of(basket_id: int) -> str:
    """Return the signed token that stands in a cart's link."""
    return signing.dumps({"b": basket_id}, salt=TOKEN_SALT)


def respond(request: HttpRequest, token: str) -> HttpResponse:
    """Bring the cart of a signed *token* back, as far as this visitor may have it."""
    try:
        basket_id = signing.loads(token, salt=TOKEN_SALT, max_age=_MAX_AGE_SECONDS)["b"]
    except (signing.BadSignature, KeyError, TypeError):
        messages.info(request, _("This link is no longer valid. Here is your basket."))
        return redirect("basket:summary")
    basket = get_model("basket", "Basket").objects.filter(pk=basket_id).first()
    if (
        basket is None
        or basket.status in (basket.SUBMITTED, basket.MERGED, basket.SAVED)
        or _is_ordered(basket)
    ):
        messages.info(request, _("That basket has already been ordered or is gone."))
        return redirect("basket:summary")
    mine = _own_basket(request)
    if mine.pk == basket.pk:
        return redirect("basket:summary")
    if _may_adopt(request, basket, mine):
        response = redirect("basket:summary")
        response.set_cookie(
            _oscar.OSCAR_BASKET_COOKIE_OPEN,
            Signer().sign(basket.pk),
            max_age=_oscar.OSCAR_BASKET_COOKIE_LIFETIME,
            secure=_oscar.OSCAR_BASKET_COOKIE_SECURE,
            httponly=True,
        )
        return response
    if request.method != "POST":
        return render(request, "wagtail_drip_oscar/recover.html", {"count": basket.lines.count()})
    _copy(request, basket, mine)
    return redirect("basket:summary")


def _own_basket(request: HttpRequest) -> Any:
    return request.basket  # type: ignore[attr-defined] # Oscar's middleware has put it there


def _is_ordered(basket: Any) -> bool:
    return bool(get_model("order", "Order").objects.filter(basket_id=basket.pk).exists())


def _may_adopt(request: HttpRequest, basket: Any, mine: Any) -> bool:
    """Tell whether the cart itself may become the visitor's: nobody's, open, and the visitor has nothing."""
    return (
        basket.owner_id is None
        and basket.status == basket.OPEN
        and not request.user.is_authenticated
        and not (mine.pk and mine.num_lines)
    )


def _copy(request: HttpRequest, basket: Any, mine: Any) -> None:
    """Put what can still be bought into the visitor's own basket; what is there already stays as it is."""
    have = {line.line_reference for line in mine.lines.all()} if mine.pk else set()
    strategy = request.strategy  # type: ignore[attr-defined] # Oscar's middleware has put it there
    lines = basket.lines.select_related("product").prefetch_related("attributes__option")
    for line in lines:
        if line.line_reference in have:
            continue
        info = strategy.fetch_for_product(line.product)
        is_permitted, _reason = info.availability.is_purchase_permitted(line.quantity)
        if not is_permitted:
            messages.warning(
                request, _("%(product)s is no longer available.") % {"product": line.product.get_title()}
            )
            continue
        chosen = [{"option": each.option, "value": each.value} for each in line.attributes.all()]
        mine.add_product(line.product, line.quantity, chosen)
