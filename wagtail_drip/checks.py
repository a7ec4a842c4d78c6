"""System checks: what is missing or dangerous in the site we are installed in, and the remedy.

``ALL`` lists every id with its sentence; the reference page is held to it by a test.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, router
from django.urls import NoReverseMatch, reverse

from wagtail_drip import conf
from wagtail_drip.contacts import attributes
from wagtail_drip.core import databases
from wagtail_drip.enrolments import webhook_targets
from wagtail_drip.gateways import registry as gateways
from wagtail_drip.gateways.http import HttpGateway
from wagtail_drip.stores import registry as stores

ALL = {
    "wagtail_drip.E001": "The phonenumbers package is broken: two distributions of it were mixed.",
    "wagtail_drip.E002": "A gateway cannot be loaded or its options cannot work.",
    "wagtail_drip.E003": "django_q is not installed.",
    "wagtail_drip.E004": "A shop's adapter cannot be loaded.",
    "wagtail_drip.E005": "A shop's contrib app is installed but WAGTAIL_DRIP['STORES'] does not name it.",
    "wagtail_drip.E006": "wagtail_drip.urls is not included in the site's urls.",
    "wagtail_drip.E007": "SQLite opens deferred transactions.",
    "wagtail_drip.E008": "SQLite has no write-ahead log.",
    "wagtail_drip.E009": "The database's isolation level is not READ COMMITTED.",
    "wagtail_drip.E010": "WAGTAIL_DRIP is not a dict, or names a setting that does not exist.",
    "wagtail_drip.E011": "USE_TZ is off.",
    "wagtail_drip.E012": "There is no time zone data.",
    "wagtail_drip.E013": "A webhook in WAGTAIL_DRIP['WEBHOOKS'] cannot work.",
    "wagtail_drip.E014": "An attribute in WAGTAIL_DRIP['ATTRIBUTES'] cannot work.",
    "wagtail_drip.W001": "DEFAULT_REGION is not set.",
    "wagtail_drip.W002": "Q_CLUSTER's retry is not longer than its timeout.",
    "wagtail_drip.W003": "Q_CLUSTER keeps its queue in another database than ours.",
    "wagtail_drip.W004": "DATA_UPLOAD_MAX_NUMBER_FIELDS is too low for long sequences.",
    "wagtail_drip.W005": "The tick's schedule is missing.",
    "wagtail_drip.W006": "PUBLIC_BASE_URL is not set.",
    "wagtail_drip.W007": "Q_CLUSTER's workers, timeout or retry are below what prompt sending needs.",
    "wagtail_drip.W008": "Q_CLUSTER's save_limit makes every task slow.",
    "wagtail_drip.W009": "A gateway that reaches no phone is used on a production site.",
    "wagtail_drip.W010": "PUBLIC_BASE_URL is not HTTPS, or is this machine itself, on a production site.",
    "wagtail_drip.W011": "MESSAGE_LEASE_SECONDS is too short for a gateway's time-outs.",
    "wagtail_drip.W012": "A webhook posts without TLS or without a signature on a production site.",
    "wagtail_drip.W013": "A sign-up form's words in a template do not say what they have to.",
}

Finding = checks.CheckMessage
Q2_DEFAULT_RETRY = 60  # django-q2 conf.py: RETRY = conf.get("retry", 60), read 2026-11-21


def _error(number: str, message: str, hint: str) -> Finding:
    return checks.Error(message, hint=hint, id=f"wagtail_drip.{number}")


def _warning(number: str, message: str, hint: str) -> Finding:
    return checks.Warning(message, hint=hint, id=f"wagtail_drip.{number}")


def phones(**_: Any) -> Iterator[Finding]:
    import phonenumbers

    if not all(hasattr(phonenumbers, name) for name in ("parse", "format_number", "is_valid_number")):
        yield _error(
            "E001",
            "The phonenumbers package is broken: phonenumbers and phonenumberslite write the same folder, "
            "and uninstalling one removed files of the other.",
            "Run: pip install --force-reinstall --no-deps phonenumberslite",
        )


def our_settings(**_: Any) -> Iterator[Finding]:
    try:
        unknown = conf.unknown_names()
    except ImproperlyConfigured:
        yield _error("E010", "WAGTAIL_DRIP must be a dict.", "See the settings reference.")
        return
    for name in unknown:
        yield _error(
            "E010",
            f"WAGTAIL_DRIP has no setting {name!r}.",
            f"Known are: {', '.join(conf.setting_names())}.",
        )
    if not conf.settings.DEFAULT_REGION:
        yield _warning(
            "W001",
            "WAGTAIL_DRIP['DEFAULT_REGION'] is not set: numbers typed without a country code are refused.",
            "Set it to your shop's country, for example 'GB'.",
        )
    if not conf.settings.PUBLIC_BASE_URL:
        yield _warning(
            "W006",
            "WAGTAIL_DRIP['PUBLIC_BASE_URL'] is not set: short links and gateways' webhooks cannot work.",
            "Set it to where the public reaches this site, for example 'https://shop.example'.",
        )


def backends(**_: Any) -> Iterator[Finding]:
    try:
        aliases = gateways.aliases()
    except ImproperlyConfigured:
        return  # E010 has said it
    for alias in aliases:
        try:
            issues = gateways.get(alias).check()
        except ImproperlyConfigured as error:
            yield _error("E002", str(error), f"Mend WAGTAIL_DRIP['GATEWAYS'][{alias!r}].")
            continue
        for issue in issues:
            make = _error if issue.level == "error" else _warning
            yield make("E002" if issue.level == "error" else "W009", issue.message, issue.hint)
        yield from _lease(alias)
    for alias in stores.aliases():
        try:
            stores.get(alias)
        except ImproperlyConfigured as error:
            yield _error("E004", str(error), f"Mend WAGTAIL_DRIP['STORES'][{alias!r}].")
    named = {str(spec.get("BACKEND", "")) for spec in conf.settings.STORES.values()}
    for app in apps.get_app_configs():
        if app.name.startswith("wagtail_drip.contrib.") and not any(
            backend.startswith(f"{app.name}.") for backend in named
        ):
            yield _error(
                "E005",
                f"{app.name} is installed, but no entry of WAGTAIL_DRIP['STORES'] uses it: "
                "its notices would never be read.",
                f"Add a store with 'BACKEND': '{app.name}.adapter…', or take the app out of INSTALLED_APPS.",
            )


def _lease(alias: str) -> Iterator[Finding]:
    gateway = gateways.get(alias)
    if not isinstance(gateway, HttpGateway):
        return
    one_call = gateway.connect_timeout_seconds + gateway.read_timeout_seconds
    least = 3 * one_call
    if least > conf.settings.MESSAGE_LEASE_SECONDS:
        yield _warning(
            "W011",
            f"WAGTAIL_DRIP['MESSAGE_LEASE_SECONDS'] is {conf.settings.MESSAGE_LEASE_SECONDS}, but one call of "
            f"gateway {alias!r} may last {one_call:g} s: its messages would be given back instead of sent.",
            f"Set MESSAGE_LEASE_SECONDS to at least {least:g}.",
        )


def webhooks(**_: Any) -> Iterator[Finding]:
    try:
        given: object = conf.settings.WEBHOOKS
    except ImproperlyConfigured:
        return  # E010 has said it
    if not isinstance(given, dict):
        yield _error(
            "E013",
            "WAGTAIL_DRIP['WEBHOOKS'] must be a dict.",
            "Write {'crm': {'URL': 'https://crm.example/hook'}}.",
        )
        return
    for alias in conf.webhook_aliases():
        for problem in webhook_targets.problems(alias):
            yield _error(
                "E013",
                f"WAGTAIL_DRIP['WEBHOOKS'][{alias!r}]: {problem}",
                "See WEBHOOKS in the settings reference.",
            )


def declared_attributes(**_: Any) -> Iterator[Finding]:
    try:
        found = list(attributes.problems())
    except ImproperlyConfigured:
        return  # E010 has said it
    for problem in found:
        yield _error(
            "E014",
            f"WAGTAIL_DRIP['ATTRIBUTES']: {problem}",
            "Write {'shoe_size': {'TYPE': 'number', 'LABEL': 'Shoe size'}}.",
        )


def host(**_: Any) -> Iterator[Finding]:
    if not apps.is_installed("django_q"):
        yield _error(
            "E003", "django_q is not installed: nothing would ever be sent.", "Add it to INSTALLED_APPS."
        )
    if not django_settings.USE_TZ:
        yield _error("E011", "USE_TZ is off: sending at the right local time needs it.", "Set USE_TZ = True.")
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        yield _error("E012", "There is no time zone data.", "Run: pip install tzdata")
    limit = django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    if limit is not None and limit < 10_000:
        yield _warning(
            "W004",
            f"DATA_UPLOAD_MAX_NUMBER_FIELDS is {limit}: saving a long sequence would fail with a bare 400.",
            "Set DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000, as Wagtail's documentation recommends.",
        )
    for problem in databases.problems(_our_database()):
        number = {"immediate": "E007", "wal": "E008", "isolation": "E009"}[problem.code]
        yield _error(number, problem.message, problem.hint)


def urls(**_: Any) -> Iterator[Finding]:
    try:
        reverse("wagtail_drip:short_link", args=["x"])
    except NoReverseMatch:
        yield _error(
            "E006",
            "wagtail_drip.urls is not included: short links, webhooks and the way back to a cart have no address.",
            "Add path('drip/', include('wagtail_drip.urls')) before the Wagtail catch-all.",
        )


def cluster(**_: Any) -> Iterator[Finding]:
    given: dict[str, Any] = getattr(django_settings, "Q_CLUSTER", {})
    timeout, retry = given.get("timeout"), given.get("retry", Q2_DEFAULT_RETRY)
    if timeout is not None and retry is not None and retry <= timeout:
        yield _warning(
            "W002",
            f"Q_CLUSTER retries a task after {retry} s while it may run for {timeout} s: it would run twice.",
            "Set Q_CLUSTER['retry'] higher than Q_CLUSTER['timeout'], for example 180 and 120.",
        )
    if given.get("workers", 2) < 2 or (timeout is not None and timeout < 100) or (retry or 0) < 110:
        yield _warning(
            "W007",
            "With fewer than 2 workers, a timeout below 100 s or a retry below 110 s, messages wait longer "
            "than a few seconds.",
            "Set Q_CLUSTER workers >= 2, timeout >= 100 and retry >= 110.",
        )
    if given.get("save_limit", 250) > 0:
        yield _warning(
            "W008",
            "Q_CLUSTER['save_limit'] is positive (250 unless you set it): django-q2 then reads all kept "
            "tasks for every task, which costs 3 to 30 times its speed.",
            "Set Q_CLUSTER['save_limit'] = -1.",
        )
    queue = given.get("orm")
    if queue and queue != _our_database():
        yield _warning(
            "W003",
            f"Q_CLUSTER keeps its queue in database {queue!r}, our tables are in {_our_database()!r}.",
            "Use one database for both, or a Redis broker.",
        )


def schedule(databases: Sequence[str] | None = None, **_: Any) -> Iterator[Finding]:
    """Run with ``check --database default`` and by ``migrate``, as every check that asks a database."""
    if not databases or _our_database() not in databases or not apps.is_installed("django_q"):
        return
    from django_q.models import Schedule

    from wagtail_drip import tasks

    try:
        tables = connections[_our_database()].introspection.table_names()
        if Schedule._meta.db_table not in tables:
            return
        if not Schedule.objects.filter(name=tasks.TICK_SCHEDULE).exists():
            yield _warning(
                "W005",
                "The tick's schedule is missing: django-q2 will not send anything.",
                "Run manage.py migrate, which makes it.",
            )
    except DatabaseError:
        return


def sign_up_words(databases: Sequence[str] | None = None, **_: Any) -> Iterator[Finding]:
    """Run with ``check --database default``: the owner's own table says what has to be said."""
    if not databases or _our_database() not in databases:
        return
    from wagtail_drip.compliance import template_wording

    try:
        found = list(template_wording.of_templates())
    except DatabaseError:
        return  # Before the first migrate there is no table.
    for each in found:
        names = [*each.left_out.codes, *(f"“{phrase}”" for phrase in each.left_out.phrases)]
        if names:
            yield _warning(
                "W013",
                f"The sign-up form in {each.template} does not say: {', '.join(names)}.",
                "Say it in the wording of {% drip_sign_up %}, or leave the wording out: the owner's words, or "
                "ours, stand there then. privacy_url and terms_url are arguments of their own.",
            )


def production(**_: Any) -> Iterator[Finding]:
    base = conf.settings.PUBLIC_BASE_URL
    if base and (not base.startswith("https://") or "//localhost" in base or "//127." in base):
        yield _warning(
            "W010",
            f"WAGTAIL_DRIP['PUBLIC_BASE_URL'] is {base}: phones and gateways cannot reach or trust it.",
            "Set it to the public HTTPS address.",
        )
    for alias in gateways.aliases():
        try:
            gateway = gateways.get(alias)
        except ImproperlyConfigured:
            continue
        if not gateway.reaches_phones:
            yield _warning(
                "W009",
                f"Gateway {alias!r} ({type(gateway).__name__}) reaches no phone.",
                "Configure a provider, for example wagtail_drip.gateways.twilio.TwilioGateway.",
            )


def webhooks_on_production(**_: Any) -> Iterator[Finding]:
    for alias in conf.webhook_aliases():
        if any(webhook_targets.problems(alias)):
            continue  # E013 has said it
        place = webhook_targets.target(alias)
        if not place.secret or (place.url.startswith("http://") and not place.allow_private):
            yield _warning(
                "W012",
                f"Webhook {alias!r} posts people's details without "
                f"{'a signature' if not place.secret else 'TLS'}.",
                f"Give WAGTAIL_DRIP['WEBHOOKS'][{alias!r}] a SECRET and an https:// URL.",
            )


def _our_database() -> str:
    from wagtail_drip.core.models import Lease

    return router.db_for_write(Lease)


def _listed(check: Callable[..., Iterator[Finding]]) -> Callable[..., list[Finding]]:
    def listed(**arguments: Any) -> list[Finding]:
        return list(check(**arguments))

    listed.__name__ = check.__name__
    return listed


def register_all() -> None:
    """Register the checks with Django; the AppConfig calls this once."""
    for check in (phones, our_settings, backends, webhooks, declared_attributes, host, urls, cluster):
        checks.register(_listed(check), "wagtail_drip")
    checks.register(_listed(schedule), checks.Tags.database)
    checks.register(_listed(sign_up_words), checks.Tags.database)
    checks.register(_listed(production), "wagtail_drip", deploy=True)
    checks.register(_listed(webhooks_on_production), "wagtail_drip", deploy=True)
