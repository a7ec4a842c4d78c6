"""What this room's tables hold about people."""

from __future__ import annotations

from wagtail_drip.core.personal_data import Erasing, Held, Kind, nothing, of_contact
from wagtail_drip.stores.interest_models import (
    ForgottenInterests,
    InferredInterest,
    Interest,
    InterestRules,
    StatedInterest,
)
from wagtail_drip.stores.models import (
    Cart,
    Purchase,
    PurchaseChange,
    PurchaseLine,
    PurchaseTally,
    SpendTally,
)

_RECOGNISED = "the shop's own: by it the same is not taken in anew"
_SUM = "a sum: revenue and sales stay true"

HELD = (
    Held(
        model=Purchase,
        why="Our copy of an order: what it came to and when.",
        rows=of_contact(Purchase),
        personal={"number": Kind.KEY, "coupon": Kind.KEY},
        kept={"order_id": _RECOGNISED, "cart_id": _RECOGNISED, "total": _SUM, "refunded": _SUM},
        plain="id store contact site status currency placed_at recorded_at",
    ),
    Held(
        model=PurchaseLine,
        why="What was bought.",
        rows=of_contact(PurchaseLine, "purchase__contact"),
        kept={
            "product_id": _SUM,
            "sku": _SUM,
            "name": _SUM,
            "category": _SUM,
            "quantity": _SUM,
            "price": _SUM,
        },
        plain="id purchase position url image_url",
        erasing=Erasing.KEEP,
    ),
    Held(
        model=PurchaseChange,
        why="What became of an order.",
        rows=of_contact(PurchaseChange, "purchase__contact"),
        kept={"amount": _SUM},
        scrubbed=("key",),
        plain="id purchase status at recorded_at",
    ),
    Held(
        model=PurchaseTally,
        why="How many orders of somebody stand, first and last.",
        rows=of_contact(PurchaseTally),
        kept={"n": _SUM},
        plain="id contact first_at last_at",
        erasing=Erasing.KEEP,
    ),
    Held(
        model=SpendTally,
        why="What somebody's orders came to, by currency.",
        rows=of_contact(SpendTally),
        kept={"n": _SUM, "spent": _SUM},
        plain="id contact currency",
        erasing=Erasing.KEEP,
    ),
    Held(
        model=Cart,
        why="What lies in a cart, so that a forgotten one can be recovered.",
        rows=of_contact(Cart),
        # Without its contact nobody is reminded of it.
        personal={
            "contact": Kind.KEY,
            "products": Kind.VALUES,
            "sweep_due_at": Kind.PROFILE,
            "error": Kind.TRACE,
        },
        kept={"cart_id": _RECOGNISED, "total": _SUM},
        plain="id store site stage status revision currency last_activity_at checkout_started_at abandoned_at "
        "abandoned_revision attempts",
    ),
    nothing(Interest, "id name words is_offered", why="What editors write."),
    nothing(InterestRules, "id half_life_days least_points recount_from", why="What the owner sets."),
    Held(
        model=StatedInterest,
        why="What they said they care about, and when.",
        rows=of_contact(StatedInterest),
        plain="id contact interest source since until current",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=InferredInterest,
        why="What they seem to care about by what they do.",
        rows=of_contact(InferredInterest),
        plain="id contact interest lasts_until",
        erasing=Erasing.DELETE,
    ),
    Held(
        model=ForgottenInterests,
        why="Up to when what they did tells nothing of what they care about.",
        rows=of_contact(ForgottenInterests),
        plain="id contact until",
        erasing=Erasing.DELETE,
    ),
)
