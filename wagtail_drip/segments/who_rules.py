"""Rules about who somebody is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_drip.contacts import cleaning
from wagtail_drip.contacts.types import PurposeGroup
from wagtail_drip.events.condition_blocks import OPERATORS, WITH_VALUE
from wagtail_drip.segments.rule_block import IS_NOT, NEGATE, WHO, RuleBlock, plain

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
            "value": (value.get("value") or "").strip(),
        }

    def faults(self, value: Any) -> Iterator[str]:
        if not (value.get("property") or "").strip():
            yield gettext("Say which detail of the person to test.")
        elif value.get("operator") in WITH_VALUE and not (value.get("value") or "").strip():
            yield gettext("Fill in the value to compare with.")

    def in_words(self, value: Any) -> str:
        compared = value.get("value") if value.get("operator") in WITH_VALUE else ""
        operator = dict(OPERATORS).get(value.get("operator") or "is", "")
        return " ".join(str(word) for word in (value.get("property") or "…", operator, compared) if word)


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


class ConsentRule(RuleBlock):
    negate = blocks.ChoiceBlock(choices=NEGATE, default="", required=False, label=_("The person…"))
    group = blocks.ChoiceBlock(choices=GROUPS, default="marketing", label=_("agreed to"))
    topic = blocks.CharBlock(
        required=False, max_length=64, label=_("Topic"), help_text=_("Empty: in general.")
    )

    class Meta:
        icon = "check"
        label = _("What they agreed to")
        group = WHO
        label_format = "{negate} {group} {topic}"

    def compiled(self, value: Any, *, id: str) -> dict[str, Any]:
        return {
            "group": value.get("group") or PurposeGroup.MARKETING.value,
            "topic": (value.get("topic") or "").strip(),
            "negate": value.get("negate") == "not",
        }

    def in_words(self, value: Any) -> str:
        texts = str(dict(GROUPS).get(value.get("group") or "marketing", ""))
        if value.get("topic"):
            texts = f"{texts} ({value['topic']})"
        if value.get("negate") == "not":
            return gettext("they have not agreed to %(texts)s") % {"texts": texts}
        return gettext("they have agreed to %(texts)s") % {"texts": texts}


def segment_choices() -> list[tuple[str, str]]:
    """Return (id as text, name) of every segment, for a choice."""
    # By its name: the model has these blocks in a field.
    segments = apps.get_model("wagtail_drip", "Segment")
    return [(str(pk), name) for pk, name in segments.objects.order_by("name").values_list("pk", "name")]


class SegmentChoiceBlock(blocks.ChoiceBlock):
    """One of the segments, by its id as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"choices": segment_choices, "required": False, **options})

    def normalize_choice(self, value: Any) -> Any:
        # Wagtail looks each value up among the choices, which would ask for all segments at each.
        return value


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
        """Return what ``in_words`` does of others; the other segment is called by its name in *names*."""
        words = {"segment": names.get(str(value.get("segment") or ""), "…")}
        if value.get("negate") == "not":
            return gettext("they are not in “%(segment)s”") % words
        return gettext("they are in “%(segment)s”") % words


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
