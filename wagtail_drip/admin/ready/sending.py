"""Whether texts can go to a country and come back: switches, gateway, sender, clocks."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_drip.admin import opening, places
from wagtail_drip.admin.ready import noted
from wagtail_drip.admin.ready.gather import DAYS, Facts
from wagtail_drip.admin.ready.told import Told, ok, settings_url, to_do, unknown
from wagtail_drip.admin.ready.words import REGISTRATION
from wagtail_drip.admin.sending_times import legal, looser
from wagtail_drip.admin.zones import guessed_among
from wagtail_drip.compliance import jurisdictions
from wagtail_drip.compliance.jurisdictions import Kind, Standing
from wagtail_drip.compliance.quiet_hours import week_of
from wagtail_drip.compliance.readiness import Line
from wagtail_drip.conf import settings
from wagtail_drip.inbox import senders
from wagtail_drip.messaging import accounts
from wagtail_drip.reports import pulse


def looks_at_open(facts: Facts, line: Line) -> Told:
    state = opening.state(facts.row)
    url = reverse("wagtail_drip_settings:open", args=[facts.row.site_id])
    if state.problem:
        return to_do(state.problem)
    if opening.is_stopped(now=facts.now):
        return to_do(_("Everything is stopped: nobody is texted."), settings_url(facts))
    if state.is_open:
        return ok(_("This site is open."), url)
    return to_do(
        _("Only staff test numbers are texted yet. Open the site when all else here is settled."), url
    )


def looks_at_workers(facts: Facts, line: Line) -> Told:
    workers = pulse.workers()
    url = reverse("wagtail_drip_settings:alarms")
    return ok(_("The workers run."), url) if workers.are_alive else to_do(workers.sentence, url)


def looks_at_gateway(facts: Facts, line: Line) -> Told:
    try:
        gateway = accounts.gateway(facts.row.sender_gateway)
    except ImproperlyConfigured as error:
        return to_do(str(error), settings_url(facts))
    if gateway.wrong:
        return to_do(" ".join(gateway.wrong))
    if not gateway.reaches_phones:
        return to_do(
            _("The gateway “%(alias)s” only pretends to send. Connect a provider and choose it.")
            % {"alias": facts.row.sender_gateway},
            settings_url(facts),
        )
    sent = facts.sent
    values = {"n": sent.handed_over, "delivered": sent.delivered, "days": DAYS}
    if sent.delivered:
        return ok(
            _("Of %(n)d texts there in %(days)d days, %(delivered)d were delivered.") % values,
            settings_url(facts),
        )
    if sent.handed_over:
        return to_do(
            _(
                "Of %(n)d texts there in %(days)d days none was delivered. Ask your provider whether it serves it."
            )
            % values
        )
    return unknown(
        _("Nothing was sent there in %(days)d days. Ask your provider whether it serves it, and send a test.")
        % values,
        settings_url(facts),
    )


def looks_at_sender(facts: Facts, line: Line) -> Told:
    address, url = facts.row.sender_address, settings_url(facts)
    if not address:
        return unknown(_("No sender is set: your provider chooses one."), url)
    is_name = any(character.isalpha() for character in address)
    if line.says == "number_only" and is_name:
        return to_do(
            _("“%(sender)s” is a name. Networks there carry numbers only.") % {"sender": address}, url
        )
    if line.prefix and not address.startswith(line.prefix):
        return to_do(
            _("“%(sender)s” does not begin with %(prefix)s, as marketing must there.")
            % {"sender": address, "prefix": line.prefix},
            url,
        )
    if is_name:
        name = _("“%(sender)s” is a name.") % {"sender": address}
        if noted.holds_for(facts):
            return noted.answered(facts, ok(f"{name} {noted.sentence(facts)}", url))
        asked = _("“%(sender)s” is a name. Ask your provider whether it must be registered there.")
        return noted.answered(facts, unknown(asked % {"sender": address}, url))
    return ok(_("“%(sender)s” is a number.") % {"sender": address}, url)


def looks_at_registration(facts: Facts, line: Line) -> Told:
    asked = str(REGISTRATION[line.says])
    is_noted = noted.holds_for(facts)
    refused = facts.refused_with(line.codes, noted.since(facts)) if line.codes else 0
    if refused and is_noted:
        return noted.answered(facts, to_do(f"{noted.refused_all_the_same(facts, refused)} {asked}"))
    if refused:
        missing = ngettext(
            "%(n)d text was refused in %(days)d days because this is missing.",
            "%(n)d texts were refused in %(days)d days because this is missing.",
            refused,
        ) % {"n": refused, "days": DAYS}
        return noted.answered(facts, to_do(f"{missing} {asked}"))
    arrives = (
        _("Texts arrive there, and none was refused for it in %(days)d days.") % {"days": DAYS}
        if line.codes and facts.sent.delivered
        else ""
    )
    if is_noted:
        return noted.answered(facts, ok(" ".join(filter(None, [noted.sentence(facts), arrives]))))
    return noted.answered(facts, ok(arrives) if arrives else unknown(asked))


def looks_at_hours(facts: Facts, line: Line) -> Told:
    rule = facts.rules.legal.get(facts.place)
    if rule is None:
        return unknown(
            _("No legal hours are known of this country. Ask, and add them."),
            reverse("wagtail_drip_sending_times:add_legal"),
        )
    url = reverse("wagtail_drip_sending_times:edit_legal", args=[facts.place])
    hours = "; ".join(f"{days}: {spans}" for days, spans in legal.told(rule, None)["week"])
    if not jurisdictions.ever_meet(week_of(facts.row.windows), rule.week):
        return to_do(
            _("Your sending times and these hours have no minute in common: %(hours)s.") % {"hours": hours},
            reverse("wagtail_drip_sending_times:site", args=[facts.row.site_id]),
        )
    kept = _("Kept by the recipient’s clock: %(hours)s.")
    if rule.kind is Kind.BEST:
        kept = _("No law is known; custom is %(hours)s. It is not kept by itself.")
    sentence = kept % {"hours": hours}
    found = facts.looser
    if not found:
        return ok(sentence, url)
    warned = [
        looser.warning(each)
        if each.place == facts.place
        else f"{places.name_of(each.place)}: {looser.warning(each)}"
        for each in found
    ]
    say = to_do if any(jurisdictions.standing(each) is Standing.UNREAD for each in found) else unknown
    return say(" ".join([sentence, *warned, _("Whether that is right, your lawyer knows.")]), url)


def looks_at_zones(facts: Facts, line: Line) -> Told:
    guessed = guessed_among(facts.contacts, site_id=facts.row.site_id, now=facts.now)
    if not guessed.people:
        return ok(_("The clock of every contact there is known."))
    sentence = ngettext(
        "The clock of %(n)d contact is guessed: the profile names no zone and the number allows several.",
        "The clock of %(n)d contacts is guessed: the profile names no zone and the number allows several.",
        guessed.people,
    ) % {"n": guessed.people}
    if guessed.by_law:
        return to_do(sentence + " " + _("Legal hours too are kept by the guess."), settings_url(facts))
    return unknown(sentence + " " + _("Legal hours are kept in all of them."), settings_url(facts))


def looks_at_receipts(facts: Facts, line: Line) -> Told:
    return _back(facts, facts.receipt_at, "receipts", _("Receipts came last on %(moment)s."))


def looks_at_replies(facts: Facts, line: Line) -> Told:
    if facts.row.sender_address and not senders.can_be_answered(facts.row):
        return to_do(
            _(
                "Nobody can reply to this sender. Put the link for stopping, {{ link.stop }}, into your texts."
            ),
            settings_url(facts),
        )
    return _back(facts, facts.inbound_at, "inbound", _("A text came last on %(moment)s."))


def _back(facts: Facts, last: Any, what: str, came: str) -> Told:
    if last is not None:
        return ok(came % {"moment": date_format(localtime(last), "SHORT_DATETIME_FORMAT")})
    if not settings.PUBLIC_BASE_URL:
        return to_do(_("Set PUBLIC_BASE_URL, so that your provider can reach this site."))
    try:
        can = getattr(accounts.gateway(facts.row.sender_gateway), what)
    except ImproperlyConfigured as error:
        return to_do(str(error), settings_url(facts))
    if not can:
        return to_do(_("This gateway, as it is set up, sends none."), settings_url(facts))
    return unknown(
        _("None has come yet. Give your provider the address of the webhook, and send a test to yourself."),
        settings_url(facts),
    )
