"""A page with a form, as sites make them with Wagtail's form builder."""

from __future__ import annotations

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.contrib.forms.models import AbstractForm, AbstractFormField


class PrizeField(AbstractFormField):
    page = ParentalKey("PrizePage", on_delete=models.CASCADE, related_name="form_fields")


class PrizePage(AbstractForm):
    template = "testapp/prize_page.html"
    landing_page_template = "testapp/prize_page.html"
