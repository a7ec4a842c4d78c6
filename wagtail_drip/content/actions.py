"""The only writer of pinned texts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from wagtail_drip.content.models import PinnedText
from wagtail_drip.core import claims, keys


def pin(texts: Iterable[tuple[str, str]], *, now: datetime) -> dict[tuple[str, str], int]:
    """
    Keep texts as they stand now, and return the id of each.

    The same text has the same id for ever, whoever pins it.

    :param texts: (source, language); '' where the language is the site's.
    """
    digests = {keys.digest(source, language): (source, language) for source, language in texts}
    if not digests:
        return {}
    found = _ids(digests)
    if len(found) < len(digests):
        claims.insert_new(
            [
                PinnedText(digest=digest, source=source, language=language, created_at=now)
                for digest, (source, language) in sorted(digests.items())
                if digest not in found
            ],
            unique=["digest"],
        )
        found = _ids(digests)
    return {digests[digest]: pk for digest, pk in found.items()}


def _ids(digests: Iterable[str]) -> dict[str, int]:
    return dict(PinnedText.objects.filter(digest__in=list(digests)).values_list("digest", "pk"))
