"""What others read of sequences. Versions never change, so their flows are kept for the process's life."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wagtail_drip.sequences import flow_cache
from wagtail_drip.sequences.flow import Flow
from wagtail_drip.sequences.models import SequenceRuntime, SequenceVersion
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
    rows = list(
        SequenceRuntime.objects.filter(
            sequence_id__in=sequence_ids, state=RuntimeState.LIVE, version__isnull=False
        ).values_list("sequence_id", "version_id", "sequence__site_id")
    )
    plans = flows(version_id for _sequence, version_id, _site in rows)
    return {
        sequence_id: Running(
            sequence_id=sequence_id, version_id=version_id, site_id=site_id, flow=plans[version_id]
        )
        for sequence_id, version_id, site_id in rows
        if version_id is not None
    }


def live_by_trigger(names: Collection[str]) -> dict[str, list[Running]]:
    """Return the sequences that events of these names may start now, by the event's name."""
    runtimes = list(
        SequenceRuntime.objects.filter(
            trigger_event__in=set(names) - {""}, state=RuntimeState.LIVE, version__isnull=False
        )
        .order_by("sequence_id")
        .values_list("trigger_event", "sequence_id", "version_id", "sequence__site_id")
    )
    plans = flows(version_id for _event, _sequence, version_id, _site in runtimes)
    running: dict[str, list[Running]] = {}
    for event, sequence_id, version_id, site_id in runtimes:
        if version_id is not None:
            running.setdefault(event, []).append(
                Running(
                    sequence_id=sequence_id, version_id=version_id, site_id=site_id, flow=plans[version_id]
                )
            )
    return running
