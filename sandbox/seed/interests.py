"""What the shop's customers may care about, told from what they look at and buy."""

from __future__ import annotations

from wagtail_drip.stores import interest_actions
from wagtail_drip.stores.interest_models import Interest

INTERESTS = {
    "Coffee": "coffee\nespresso\n咖啡",
    "Tea": "tea\noolong\n茶",
    "Brewing": "brewing\nteapot\ncup\n茶壶",
}


def make_interests() -> int:
    """Make those that are missing, have everybody looked at, and return how many those were."""
    made = 0
    for name, words in INTERESTS.items():
        if not Interest.objects.filter(name=name).exists():
            Interest.objects.create(name=name, words=words)
            made += 1
    if made:
        interest_actions.recount()
    return made
