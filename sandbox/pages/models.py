from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from wagtail_drip.public.blocks import SignUpBlock


class ContentPage(Page):
    """A page of words. The one at the site's root is the welcome above the catalogue."""

    intro = models.CharField(_("introduction"), max_length=250, blank=True)
    body = RichTextField(_("text"), blank=True)

    forms = StreamField([("sign_up", SignUpBlock())], verbose_name=_("forms"), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("body"), FieldPanel("forms")]

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
