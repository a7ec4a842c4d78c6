"""What the lines of the page "Are you ready?" are called, and what those ask that nothing here can find out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

TITLES: dict[str, Any] = {
    "open": gettext_lazy("Customers are texted"),
    "workers": gettext_lazy("The workers run"),
    "gateway": gettext_lazy("The gateway serves this country"),
    "sender": gettext_lazy("The sender is of a kind that works there"),
    "registration": gettext_lazy("The sender is registered"),
    "hours": gettext_lazy("Legal hours and sending times"),
    "zones": gettext_lazy("The time zones of your contacts"),
    "consent": gettext_lazy("Consent to marketing, and its proof"),
    "wording": gettext_lazy("The words beside your sign-up form"),
    "double_opt_in": gettext_lazy("Double opt-in"),
    "stop_words": gettext_lazy("Words that stop texts, in their language"),
    "stop_text": gettext_lazy("The first text says how to stop"),
    "help": gettext_lazy("The answer to HELP"),
    "name": gettext_lazy("Your name"),
    "receipts": gettext_lazy("Receipts come back"),
    "replies": gettext_lazy("Replies come back"),
    "words": gettext_lazy("Sensitive words are warned of"),
}

REGISTRATION: dict[str, Any] = {
    "us": gettext_lazy(
        "Register your brand and what you text about for ten-digit numbers (10DLC) with your provider, or have a "
        "toll-free number verified; a short code is rented."
    ),
    "cn": gettext_lazy(
        "Have your signature (签名) registered and approved, and each marketing text as a template (模板), and send "
        "from the mainland. Texts are fixed: no variables, no link of each recipient’s own."
    ),
    "in": gettext_lazy(
        "Register your company, your sender and each template on a DLT platform, and give your provider their ids."
    ),
    "tr": gettext_lazy("Enter each consent into the registry İYS; your provider asks it before a text goes."),
}

MISSING: dict[str, Any] = {
    "sender": gettext_lazy("who texts"),
    "stop": gettext_lazy("how to stop"),
    "recurring": gettext_lazy("that texts are automated and recurring"),
    "condition": gettext_lazy("that agreeing is no condition of purchase"),
    "frequency": gettext_lazy("how often"),
    "rates": gettext_lazy("that message and data rates may apply"),
    "help": gettext_lazy("how to get help"),
    "privacy_url": gettext_lazy("where your privacy policy stands"),
    "terms_url": gettext_lazy("where your terms stand"),
}
