"""A flow goes into a version's JSON and comes out the same."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.events.conditions import OPERATORS, Condition, EventTest
from wagtail_drip.sequences.flow import SCHEMA, Entry, Flow, Path, Step, from_json

names = st.text(min_size=1, max_size=8)
conditions = st.builds(
    Condition, property=names, operator=st.sampled_from(OPERATORS), value=st.text(max_size=8)
)
tests = st.builds(EventTest, event=names, conditions=st.lists(conditions, max_size=2).map(tuple))
settings = st.dictionaries(names, st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=3)
paths = st.builds(Path, key=names, label=names, start=st.none() | names)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    ids = draw(st.lists(names, unique=True, max_size=5))
    following = st.none() | (st.sampled_from(ids) if ids else st.none())
    steps = {
        step_id: Step(
            id=step_id,
            kind=draw(names),
            settings=draw(settings),
            paths=tuple(draw(st.lists(paths, max_size=2))),
            next=draw(following),
        )
        for step_id in ids
    }
    return Flow(
        trigger=draw(st.none() | tests),
        entry=draw(
            st.builds(
                Entry,
                reentry=st.sampled_from(["never", "after_days", "always"]),
                days=st.integers(0, 400),
                keyed=st.booleans(),
            )
        ),
        goal=draw(st.none() | tests),
        exits=tuple(draw(st.lists(tests, max_size=2))),
        purpose=draw(names),
        topic=draw(st.text(max_size=4)),
        start=draw(following),
        steps=steps,
    )


@given(flows())
def test_what_is_stored_is_read_back_the_same_and_in_the_same_order(flow: Flow) -> None:
    read = from_json(json.loads(json.dumps(flow.to_json(), sort_keys=True)))

    assert read == flow
    assert [step.id for step in read.in_order()] == [step.id for step in flow.in_order()]


def test_the_schema_is_written_down() -> None:
    assert Flow(trigger=None).to_json()["schema"] == SCHEMA == 1


def test_a_path_is_found_by_its_key() -> None:
    step = Step(id="a", kind="branch", paths=(Path(key="no", label="No", start="b"),))

    assert step.path("no") == Path(key="no", label="No", start="b")
    assert step.path("yes") is None
