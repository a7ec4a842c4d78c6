"""
Whether each line of "Are you ready?" is so. One function a check, named as in ``readiness.toml``.

What is right for a country stands in that file; here is only how a site's state is read.
"""

from __future__ import annotations

from collections.abc import Callable

from wagtail_drip.admin.ready import agreeing, sending
from wagtail_drip.admin.ready.gather import Facts
from wagtail_drip.admin.ready.told import Told
from wagtail_drip.compliance.readiness import Line

CHECKS: dict[str, Callable[[Facts, Line], Told]] = {
    "open": sending.looks_at_open,
    "workers": sending.looks_at_workers,
    "gateway": sending.looks_at_gateway,
    "sender": sending.looks_at_sender,
    "registration": sending.looks_at_registration,
    "hours": sending.looks_at_hours,
    "zones": sending.looks_at_zones,
    "consent": agreeing.looks_at_consent,
    "wording": agreeing.looks_at_wording,
    "double_opt_in": agreeing.looks_at_double_opt_in,
    "stop_words": agreeing.looks_at_stop_words,
    "stop_text": agreeing.looks_at_stop_text,
    "help": agreeing.looks_at_help,
    "name": agreeing.looks_at_name,
    "receipts": sending.looks_at_receipts,
    "replies": sending.looks_at_replies,
    "words": agreeing.looks_at_words,
}
