"""What the stages of a customer's life are called."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from wagtail_drip.segments import life_stages

LIFE_STAGES = [
    (life_stages.LEAD, pgettext_lazy("stage of a customer", "Lead")),
    (life_stages.NEW, pgettext_lazy("stage of a customer", "New")),
    (life_stages.ACTIVE, pgettext_lazy("stage of a customer", "Active")),
    (life_stages.LOYAL, pgettext_lazy("stage of a customer", "Loyal")),
    (life_stages.AT_RISK, pgettext_lazy("stage of a customer", "At risk")),
    (life_stages.DORMANT, pgettext_lazy("stage of a customer", "Dormant")),
    (life_stages.LOST, pgettext_lazy("stage of a customer", "Lost")),
]
