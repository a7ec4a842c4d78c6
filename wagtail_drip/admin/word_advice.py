"""Words that need care in the texts of a whole draft, told when somebody publishes it. It never holds anything back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from wagtail.admin import messages

from wagtail_drip.admin import places, sources
from wagtail_drip.admin.preview.bubbles import with_short_links
from wagtail_drip.admin.preview.page import site_id_for
from wagtail_drip.admin.sensitive_words import NAMES
from wagtail_drip.compliance import sensitive_words, word_actions
from wagtail_drip.compliance.sensitive_words import OWN, WordList
from wagtail_drip.conf import settings
from wagtail_drip.contacts import querysets as contacts
from wagtail_drip.content import language
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.core.listed import listed
from wagtail_drip.core.models import SiteSettings
from wagtail_drip.sequences.blocks import tree

# So many lines stand in the message after publishing; all of them stand in the editor.
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Advice:
    """
    What one list finds in one text.

    :ivar where: which text, as its editor sees it; '' for the only one there is.
    :ivar countries: names of those of our contacts' countries where it matters; none for everywhere.
    """

    where: str
    words: tuple[str, ...]
    list: WordList
    countries: tuple[str, ...]

    @property
    def sentence(self) -> str:
        values = {
            "where": self.where,
            "words": _("”, “").join(self.words),
            "list": NAMES[self.list.kind],
            "countries": listed(self.countries) or _("everywhere"),
        }
        if not self.where:
            return _("“%(words)s” (%(list)s; %(countries)s)") % values
        return _("%(where)s: “%(words)s” (%(list)s; %(countries)s)") % values

    @property
    def origin(self) -> str:
        """Return what it rests on."""
        if self.list.kind == OWN:
            return self.list.why
        day = date_format(date.fromisoformat(self.list.read), "SHORT_DATE_FORMAT")
        return _("%(source)s (read %(day)s)") % {"source": sources.in_words(self.list.source), "day": day}


def of(draft: Any) -> list[Advice]:
    """Return what needs care in a sequence's or a saved message's texts as they stand: in three small queries."""
    site_id = site_id_for(draft)
    lists = word_actions.lists_of(site_id)
    return list(_among(texts_of(draft), lists, countries_of(site_id)))


def countries_of(site_id: int) -> list[str]:
    """Return the countries whose lists matter to a site: its own, and those of its contacts, most people first."""
    own = SiteSettings.objects.filter(site_id=site_id).values_list("region", flat=True).first()
    found = dict.fromkeys([own or settings.DEFAULT_REGION, *contacts.countries()])
    return [country for country in found if country]


def texts_of(draft: Any) -> Iterator[tuple[str, str]]:
    """Yield which text it is, and what it says whoever reads it."""
    if isinstance(draft, MessageTemplate):
        yield "", with_short_links(language.fixed_words(draft.text))
        return
    for place in tree.places(draft.steps):
        sources = list(place.child.block.texts(place.child.value).values())
        where = _("Step %(number)s, %(kind)s") % {"number": place.name, "kind": place.label}
        is_short = place.child.value.get("track_links", True)
        for source in sources:
            said = language.fixed_words(source)
            yield where, with_short_links(said) if is_short else said


def _among(
    texts: Iterable[tuple[str, str]], lists: Iterable[WordList], countries: list[str]
) -> Iterator[Advice]:
    # A country only says whether a list matters at all.
    matter = [each for each in lists if not each.places or each.places.intersection(countries)]
    for where, text in texts:
        found = sensitive_words.look(text, matter)
        for each in matter:
            words = tuple(one.word for one in found if one.list is each)
            if words:
                named = tuple(places.name_of(country) for country in countries if country in each.places)
                yield Advice(where=where, words=words, list=each, countries=named)


class WarnsOfWords:
    """For views that publish or submit a draft: says afterwards what needs care in it."""

    def publish_action(self) -> HttpResponse | None:
        response: HttpResponse | None = super().publish_action()  # type: ignore[misc] # Wagtail's view
        self._warn()
        return response

    def submit_action(self) -> HttpResponse | None:
        response: HttpResponse | None = super().submit_action()  # type: ignore[misc] # Wagtail's view
        self._warn()
        return response

    def _warn(self) -> None:
        found = of(self.object)  # type: ignore[attr-defined] # Wagtail's view
        if not found:
            return
        lines = [(each.sentence, each.origin) for each in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append((_("and more, in the editor"), ""))
        messages.warning(
            self.request,  # type: ignore[attr-defined] # Wagtail's view
            format_html(
                "{}<ul>{}</ul>",
                _("Words that need care; nothing is held back for them:"),
                format_html_join("", "<li>{} <small>{}</small></li>", lines),
            ),
        )
