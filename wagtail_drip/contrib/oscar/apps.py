from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailDripOscarConfig(AppConfig):
    """Stand it before Oscar's apps in INSTALLED_APPS, so that its templates add to theirs."""

    name = "wagtail_drip.contrib.oscar"
    label = "wagtail_drip_oscar"
    verbose_name = _("Text messages for django-oscar")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wagtail_drip.contrib.oscar import receivers

        receivers.connect()
