"""What others read of sequences. Versions never change, so their flows are kept for the process's life."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from wagtail_drip.contacts.types import PurposeGroup, group_of
from wagtail_drip.sequences import flow_cache, triggers
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.sequences.states import RuntimeState
from wagtail_drip.sequences.types import Running


def flows(version_ids: Iterable[int]) -> dict[int, Flow]:
    """Return the compiled flows of these versions: one query for those this process has not read yet."""
    wanted = set(version_ids)
    found = flow_cache.known(wanted)
    missing = wanted - found.keys()
    if missing:
        rows = SequenceVersion.objects.filter(pk__in=missing).values_list("pk", "flow")
        found.update({pk: flow_cache.keep(pk, raw) for pk, raw in rows})
    return found


def live(sequence_ids: Collection[int]) -> dict[int, Running]:
    """Return those of these sequences that people may enter now, by their id."""
    if not sequence_ids:
        return {}
    rows = SequenceRuntime.objects.filter(sequence_id__in=sequence_ids)
    return {each.sequence_id: each for _name, each in _running(rows)}


def live_by_clock(now: datetime) -> list[Running]:
    """Return the live sequences that a clock starts, and those that are still to let in who qualified before."""
    rows = SequenceRuntime.objects.filter(Q(trigger_event__in=triggers.NAMES) | Q(existing_due_at__lte=now))
    return [each for _name, each in _running(rows)]


def live_by_trigger(names: Collection[str]) -> dict[str, list[Running]]:
    """Return the sequences that triggers of these names may start now, by the name."""
    by_name: dict[str, list[Running]] = {}
    for name, each in _running(SequenceRuntime.objects.filter(trigger_event__in=set(names) - {""})):
        by_name.setdefault(name, []).append(each)
    return by_name


def topics(site_id: int) -> list[str]:
    """Return the topics of the marketing texts that sequences of a site send, or will once they go on."""
    rows = SequenceRuntime.objects.filter(
        Q(sequence__site_id=site_id) | Q(sequence__site_id=None), archived_at=None, version__isnull=False
    )
    found = set()
    for flow in flows(rows.values_list("version_id", flat=True)).values():
        sent = [(flow.purpose, flow.topic)]
        for step in flow.steps.values():
            if step.kind == "send_message" and step.settings.get("topic"):
                sent.append((step.settings.get("purpose") or flow.purpose, step.settings["topic"]))
        found |= {topic for purpose, topic in sent if topic and group_of(purpose) is PurposeGroup.MARKETING}
    return sorted(found)


def keywords() -> list[tuple[str, str]]:
    """Return each sequence that people start by texting a word, by its name, and that word."""
    rows = Sequence.objects.filter(trigger_kind="keyword").exclude(trigger_keyword="").order_by("name")
    return list(rows.values_list("name", "trigger_keyword"))


def _running(rows: QuerySet[SequenceRuntime]) -> list[tuple[str, Running]]:
    found = list(
        rows.filter(state=RuntimeState.LIVE, version__isnull=False)
        .order_by("sequence_id")
        .values_list("trigger_event", "sequence_id", "version_id", "sequence__site_id", "entering_since")
    )
    plans = flows(version_id for _name, _sequence, version_id, _site, _since in found)
    return [
        (
            name,
            Running(
                sequence_id=sequence_id,
                version_id=version_id,
                site_id=site_id,
                flow=plans[version_id],
                entering_since=entering_since,
            ),
        )
        for name, sequence_id, version_id, site_id, entering_since in found
    ]
