"""Who follows a link without being a person: previews, scanners and crawlers, by what they call themselves."""

from __future__ import annotations

import re
from functools import lru_cache

# Clients that fetch without showing anything. Some scanners leave them as they come.
_LIBRARIES = re.compile(
    r"^$|python-requests|python-urllib|aiohttp|httpx|curl/|wget/|go-http-client|okhttp|java/|libwww|"
    r"apache-httpclient|axios/|node-fetch|headlesschrome|phantomjs",
    re.IGNORECASE,
)


@lru_cache(maxsize=2048)
def is_machine(user_agent: str) -> bool:
    """Tell whether this user agent is a known crawler or preview, or names no browser at all."""
    if _LIBRARIES.search(user_agent):
        return True
    # Imported at first use: it compiles 1 500 patterns.
    from crawleruseragents import is_crawler

    return bool(is_crawler(user_agent))
