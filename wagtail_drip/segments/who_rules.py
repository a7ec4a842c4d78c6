"""Rules about who somebody is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts import attributes, cleaning
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.events.condition_blocks import OPERATORS, WITH_VALUE
from wagtail_drip.segments.life_stage_words import LIFE_STAGES
from wagtail_drip.segments.rule_block import IS_NOT, NEGATE, WHO, RuleBlock, plain
from wagtail_drip.stores import interests

GROUPS = [
    (PurposeGroup.MARKETING.value, _("marketing texts")),
    (PurposeGroup.TRANSACTIONAL.value, _("texts about their orders and appointments")),
]


class DetailRule(RuleBlock):
    show_when = {"value": {"operator": WITH_VALUE}}

    property = blocks.CharBlock(
        required=False,
        max_length=64,
        label=_("Detail"),
        help_text=_(
            "first_name, last_name, email, language, region (such as DE), zone, or the name of an attribute."
        ),
    )
    operator = blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Test"))
    value = blocks.CharBlock(required=False, max_length=255, label=_("Value"))

    class Meta:
        icon = "user"
        label = _("A detail of the person")
        group = WHO
        label_format = "{property} {operator} {value}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "property": (value.get("property") or "").strip(),
            "operator": value.get("operator") or "is",
            "value": attributes.kept(
                (value.get("property") or "").strip(), (value.get("value") or "").strip()
            ),
        }

    def faults(self, value: Any) -> Iterator[str]:
        if not (value.get("property") or "").strip():
            yield gettext("Say which detail of the person to test.")
        elif value.get("operator") in WITH_VALUE and not (value.get("value") or "").strip():
            yield gettext("Fill in the value to compare with.")
        elif fault := attributes.rule_fault(**self._asked(value)):
            yield fault

    def _asked(self, value: Any) -> dict[str, str]:
        asked = self.compiled(value, id="")
        with_value = asked["operator"] in WITH_VALUE
        return {
            "name": asked["property"],
            "operator": asked["operator"],
            "value": asked["value"] if with_value else "",
        }

    def in_words(self, value: Any) -> str:
        asked = self._asked(value)
        operator = dict(OPERATORS).get(asked["operator"], "")
        words = (
            attributes.label_of(asked["name"]) or "…",
            operator,
            attributes.shown(asked["name"], asked["value"]),
        )
        return " ".join(str(word) for word in words if word)


class TagRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    tag = blocks.CharBlock(required=False, max_length=64, label=_("this tag"))

    class Meta:
        icon = "tag"
        label = _("A tag")
        group = WHO
        label_format = "{negate} {tag}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"tag": cleaning.tag(value.get("tag") or ""), "negate": value.get("negate") == "not"}

    def faults(self, value: Any) -> Iterator[str]:
        if not cleaning.tag(value.get("tag") or ""):
            yield gettext("Write the tag, such as vip.")

    def in_words(self, value: Any) -> str:
        words = {"tag": cleaning.tag(value.get("tag") or "") or "…"}
        if value.get("negate") == "not":
            return gettext("the tag “%(tag)s” is missing") % words
        return gettext("the tag “%(tag)s” is there") % words


WHEN = [("next", _("in the next days")), ("last", _("in the last days"))]
YEARLY = [("", _("every year, as a birthday")), ("once", _("once, as an expiry date"))]
LONGEST_DAYS = 3650


class DateRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The date…"))
    date = blocks.CharBlock(
        required=False,
        max_length=64,
        default="birthday",
        label=_("Date"),
        help_text=_("The name of an attribute that holds a date, such as birthday."),
    )
    when = blocks.ChoiceBlock(choices=WHEN, default="next", label=_("When"))
    days = blocks.IntegerBlock(
        required=False,
        min_value=0,
        max_value=LONGEST_DAYS,
        default=7,
        label=_("So many days"),
        help_text=_("0: today. Today counts either way."),
    )
    counts = blocks.ChoiceBlock(choices=YEARLY, default="", required=False, label=_("It comes round"))

    class Meta:
        icon = "calendar"
        label = _("A date of theirs")
        group = WHO
        label_format = "{date} {when} {days}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "date": (value.get("date") or "").strip(),
            "when": value.get("when") or "next",
            "days": value.get("days") or 0,
            "yearly": value.get("counts") != "once",
            "negate": value.get("negate") == "not",
        }

    def faults(self, value: Any) -> Iterator[str]:
        if not (value.get("date") or "").strip():
            yield gettext("Say which date of the person to look at, such as birthday.")
        if value.get("days") is None:
            yield gettext("Fill in how many days; 0 is today.")

    def in_words(self, value: Any) -> str:
        n = int(value.get("days") or 0)
        words = {"date": (value.get("date") or "").strip() or "…", "n": n}
        is_not, is_next = value.get("negate") == "not", value.get("when") != "last"
        if not n:
            if is_not:
                return gettext("their %(date)s is not today") % words
            return gettext("their %(date)s is today") % words
        if is_next:
            told = ngettext(
                "their %(date)s is today or tomorrow",
                "their %(date)s is today or in the next %(n)d days",
                n,
            )
        else:
            told = ngettext(
                "their %(date)s is today or was yesterday",
                "their %(date)s is today or was in the last %(n)d days",
                n,
            )
        return gettext("this is not so: %(what)s") % {"what": told % words} if is_not else told % words


def segment_choices() -> list[tuple[str, str]]:
    """Return (id as text, name) of every segment, for a choice."""
    # By its name: the model has these blocks in a field.
    segments = apps.get_model("wagtail_drip", "Segment")
    return [(str(pk), name) for pk, name in segments.objects.order_by("name").values_list("pk", "name")]


def site_choices() -> list[tuple[str, str]]:
    """Return (id as text, name) of every site, for a choice."""
    return [
        (str(site.pk), str(site)) for site in apps.get_model("wagtailcore", "Site").objects.order_by("pk")
    ]


def all_names() -> dict[str, str]:
    """Return the name of every segment by its id as text, of every site by ``site:`` and its id, of every interest
    by ``interest:`` and its id."""
    return {
        **dict(segment_choices()),
        **{f"site:{pk}": name for pk, name in site_choices()},
        **{f"interest:{pk}": name for pk, name in interests.names().items()},
    }


class KeptChoiceBlock(blocks.ChoiceBlock):
    """A choice among rows of a table, by their id as text."""

    def normalize_choice(self, value: Any) -> Any:
        # Wagtail looks each value up among the choices, which would ask for all rows at each.
        return value


class SegmentChoiceBlock(KeptChoiceBlock):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"choices": segment_choices, "required": False, **options})


class SiteChoiceBlock(KeptChoiceBlock):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"choices": site_choices, "required": False, **options})


class ConsentRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    group = blocks.ChoiceBlock(choices=GROUPS, default="marketing", label=_("agreed to"))
    topic = blocks.CharBlock(
        required=False, max_length=64, label=_("Topic"), help_text=_("Empty: in general.")
    )
    site = SiteChoiceBlock(label=_("On the site"), help_text=_("Empty: on any."))

    class Meta:
        icon = "check"
        label = _("What they agreed to")
        group = WHO
        label_format = "{negate} {group} {topic}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "group": value.get("group") or PurposeGroup.MARKETING.value,
            "topic": (value.get("topic") or "").strip(),
            "site": int(value.get("site") or 0),
            "negate": value.get("negate") == "not",
        }

    def in_words(self, value: Any) -> str:
        texts = str(dict(GROUPS).get(value.get("group") or "marketing", ""))
        if value.get("topic"):
            texts = f"{texts} ({value['topic']})"
        if value.get("negate") == "not":
            return gettext("they have not agreed to %(texts)s") % {"texts": texts}
        return gettext("they have agreed to %(texts)s") % {"texts": texts}

    def naming(self, value: Any, names: Mapping[str, str]) -> str:
        words = self.in_words(value)
        if not value.get("site"):
            return words
        return gettext("%(what)s on %(site)s") % {
            "what": words,
            "site": names.get(f"site:{value['site']}", "…"),
        }


class SegmentRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The person…"))
    segment = SegmentChoiceBlock(label=_("in the segment"))

    class Meta:
        icon = "group"
        label = _("Another segment")
        group = WHO
        label_format = "{negate} {segment}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"segment": int(value.get("segment") or 0), "negate": value.get("negate") == "not"}

    def faults(self, value: Any) -> Iterator[str]:
        if not value.get("segment"):
            yield gettext("Choose the other segment.")

    def naming(self, value: Any, names: Mapping[str, str]) -> str:
        words = {"segment": names.get(str(value.get("segment") or ""), "…")}
        if value.get("negate") == "not":
            return gettext("they are not in “%(segment)s”") % words
        return gettext("they are in “%(segment)s”") % words


class StageRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=IS_NOT, default="", required=False, label=_("The person…"))
    stage = blocks.ChoiceBlock(choices=LIFE_STAGES, required=False, label=_("in the stage"))

    class Meta:
        icon = "user"
        label = _("Their stage as a customer")
        group = WHO
        label_format = "{negate} {stage}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {"stage": value.get("stage") or "", "negate": value.get("negate") == "not"}

    def faults(self, value: Any) -> Iterator[str]:
        if not value.get("stage"):
            yield gettext("Choose the stage.")

    def in_words(self, value: Any) -> str:
        words = {"stage": dict(LIFE_STAGES).get(value.get("stage") or "", "…")}
        if value.get("negate") == "not":
            return gettext("their stage is not “%(stage)s”") % words
        return gettext("their stage is “%(stage)s”") % words


class ShareRule(RuleBlock):
    percent = blocks.DecimalBlock(
        required=False, min_value=0, max_value=100, decimal_places=1, default=10, label=_("Per cent")
    )

    class Meta:
        icon = "rotate"
        label = _("A random share")
        group = WHO
        label_format = "{percent}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        percent = value.get("percent")
        # The rule's own id: two shares are independent, and one keeps its people when the segment is edited.
        return {"percent": float(percent if percent is not None else 0), "salt": id}

    def faults(self, value: Any) -> Iterator[str]:
        if value.get("percent") is None:
            yield gettext("Fill in how many per cent.")

    def in_words(self, value: Any) -> str:
        percent = value.get("percent")
        return gettext("the lot fell on them (%(percent)s%% of all)") % {"percent": plain(percent)}
