"""Every address of ours in the admin, found by walking the URLs, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core import actions as core
from wagtail_drip.messaging.models import Hold
from wagtail_drip.sequences.models import Sequence, SequenceRuntime
from wagtail_drip.test.people import reachable_contact
from wagtail_drip.test.sequences import live_sequence

pytestmark = pytest.mark.django_db

# Wagtail asks no permission here; it answers whether a confirmation is needed, and tells nothing of the row.
WAGTAILS_OWN = "confirm_workflow_cancellation"


def addresses(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each address of ours and the names of what it is about."""
    for each in patterns:
        if isinstance(each, URLResolver):
            inner = ":".join(part for part in (namespace, each.namespace) if part)
            yield from addresses(each.url_patterns, inner)
        elif each.name and namespace.startswith("wagtail_drip_"):
            yield (
                f"{namespace}:{each.name}",
                set(each.pattern.converters) | set(each.pattern.regex.groupindex),
            )


def test_whoever_was_given_nothing_of_ours_reads_and_changes_nothing(client: Client, site_id: int) -> None:
    user = get_user_model().objects.create_user("stranger", password="stranger")
    user.user_permissions.add(
        Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    )
    sequence = live_sequence(name="Xylophones", steps=[("send_message", {"text": "Hello"})])
    MessageTemplate.objects.create(pk=sequence.pk, name="Xylophones", text="Hello")
    reachable_contact(first_name="Xylophones")
    before = core.site_settings(site_id).opened_at
    client.force_login(user)
    open_to_all = []

    found = sorted({(name, tuple(sorted(about))) for name, about in addresses(get_resolver().url_patterns)})
    for name, about in found:
        if name.endswith(WAGTAILS_OWN):
            continue
        url = reverse(
            name,
            kwargs={
                **dict.fromkeys(about, sequence.pk),
                **({"site_id": site_id} if "site_id" in about else {}),
            },
        )
        for method in (client.get, client.post):
            response = method(url)
            if response.status_code not in (302, 403, 404, 405) or b"Xylophones" in response.content:
                open_to_all.append((name, method.__name__, response.status_code))

    assert open_to_all == []
    assert len(found) > 40
    assert (Sequence.objects.count(), MessageTemplate.objects.count(), Hold.objects.count()) == (1, 1, 0)
    assert SequenceRuntime.objects.get().state == "live"
    assert core.site_settings(site_id).opened_at == before
