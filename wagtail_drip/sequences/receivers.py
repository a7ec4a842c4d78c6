"""What Wagtail tells us: a sequence was published or unpublished. Nothing raises here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.signals import published, unpublished

from wagtail_drip.core import clock
from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence

logger = logging.getLogger(__name__)


def connect() -> None:
    """Hear Wagtail; called once from the AppConfig."""
    published.connect(hear_published, sender=Sequence, dispatch_uid="wagtail_drip.published")
    unpublished.connect(hear_unpublished, sender=Sequence, dispatch_uid="wagtail_drip.unpublished")


def hear_published(*, instance: Sequence, revision: Any = None, **_kwargs: Any) -> None:
    """Put what was published into force."""
    if not instance.live:
        return  # Wagtail also says "published" when a draft is only scheduled (its issue 13959).
    now = clock.now()

    def publish() -> None:
        actions.publish(instance, revision_id=getattr(revision, "pk", None), now=now)

    def fail() -> None:
        actions.mark_failing(
            instance.pk, _("Publishing failed inside; the error is in the site's log."), now=now
        )

    if not _tried(publish, instance):
        _tried(fail, instance)


def hear_unpublished(*, instance: Sequence, **_kwargs: Any) -> None:
    """Let nobody in any more. A schedule that has passed is cleared, or no draft could be saved again."""
    now = clock.now()

    def unpublish() -> None:
        actions.drain(instance.pk, now=now)
        past = Sequence.objects.filter(pk=instance.pk)
        past.filter(expire_at__lte=now).update(expire_at=None)
        past.filter(go_live_at__lte=now).update(go_live_at=None)

    _tried(unpublish, instance)


def _tried(work: Callable[[], None], instance: Sequence) -> bool:
    """Run *work* in a savepoint and tell whether it went well: Wagtail's publish must go through."""
    try:
        with transaction.atomic():
            work()
    except Exception:
        logger.exception("Sequence %s could not follow what was published.", instance.pk)
        return False
    return True
