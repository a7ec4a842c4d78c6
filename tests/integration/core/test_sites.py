"""Which site it is for where nobody says."""

from __future__ import annotations

import pytest
from wagtail.models import Site

from wagtail_drip.core import sites

pytestmark = pytest.mark.django_db


def test_the_default_site_is_meant_then_the_first_then_none() -> None:
    first = Site.objects.get()
    Site.objects.update(is_default_site=False)
    second = Site.objects.create(
        hostname="second.example.com", root_page=first.root_page, is_default_site=True
    )

    default = sites.default_id()
    Site.objects.update(is_default_site=False)
    without = sites.default_id()
    Site.objects.all().delete()

    assert (default, without, sites.default_id()) == (second.pk, first.pk, None)
