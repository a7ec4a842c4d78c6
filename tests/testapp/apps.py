from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.testapp"

    def ready(self):
        from tests.testapp.steps import RegionBlock, RegionKind
        from wagtail_drip import api

        api.register_step(RegionBlock, RegionKind)
