from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailDripConfig(AppConfig):
    name = "wagtail_drip"
    label = "wagtail_drip"
    verbose_name = _("Text messages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate  # noqa: TID251 -- Django's own signal

        from wagtail_drip import checks, tasks
        from wagtail_drip.public import form_pages, watch
        from wagtail_drip.sequences import receivers

        checks.register_all()
        receivers.connect()
        form_pages.connect()
        watch.connect()
        post_migrate.connect(
            tasks.make_schedule_after_migrate, sender=self, dispatch_uid="wagtail_drip.make_schedule"
        )
