"""Where somebody goes when another version comes into force."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.enrolments.targets import again, target_of
from wagtail_drip.sequences.choices import (
    Choice,
    Chosen,
    NoSuchChoice,
    from_json,
    refuse_unknown_steps,
    to_json,
)
from wagtail_drip.sequences.flow import Flow, Path, Step

KINDS = {"w": "wait_duration", "x": "wait_until_time"}


def flow(ids: str) -> Flow:
    """Return steps one after another; w and x wait, all others send."""
    following = [*ids[1:], None]
    return Flow(
        trigger=None,
        start=ids[0] if ids else None,
        steps={
            each: Step(id=each, kind=KINDS.get(each, "send_message"), next=after)
            for each, after in zip(ids, following, strict=bool(ids))
        },
    )


OLD = flow("abwcd")


@pytest.mark.parametrize(
    ("step_id", "new", "choice", "expected"),
    [
        pytest.param("b", "abwc", Choice.KEEP, "b", id="the same step"),
        pytest.param("b", "cwba", Choice.KEEP, "b", id="the same step, wherever it stands"),
        pytest.param("b", "awc", Choice.MOVE, "w", id="the next"),
        pytest.param("b", "ad", Choice.MOVE, "d", id="the next but one"),
        pytest.param("d", "abw", Choice.LEAVE, "d", id="none is left"),
        pytest.param("gone", "abw", Choice.LEAVE, "gone", id="a step that even the old version did not have"),
        pytest.param("", "ab", Choice.KEEP, "", id="at the end"),
    ],
)
def test_by_default(step_id: str, new: str, choice: Choice, expected: str) -> None:
    target = target_of(step_id, old=OLD, new=flow(new))

    assert (target.choice, target.step_id) == (choice, expected)
    assert target.reason == ("step_removed" if choice == Choice.LEAVE else "")


@pytest.mark.parametrize(
    ("chosen", "choice", "expected"),
    [
        pytest.param(Chosen(choice=Choice.STAY), Choice.STAY, "w", id="stay"),
        pytest.param(Chosen(choice=Choice.LEAVE), Choice.LEAVE, "w", id="leave"),
        pytest.param(Chosen(choice=Choice.MOVE, to="d"), Choice.MOVE, "d", id="on at a step"),
        pytest.param(Chosen(choice=Choice.MOVE, to="w"), Choice.KEEP, "w", id="on at their own: keep"),
        pytest.param(Chosen(choice=Choice.MOVE, to="gone"), Choice.KEEP, "w", id="at none there is: default"),
        pytest.param(Chosen(choice=Choice.RECOMPUTE), Choice.RECOMPUTE, "w", id="count the wait anew"),
        pytest.param(Chosen(choice=Choice.KEEP), Choice.KEEP, "w", id="keep"),
    ],
)
def test_what_was_chosen_is_done(chosen: Chosen, choice: Choice, expected: str) -> None:
    target = target_of("w", old=OLD, new=OLD, chosen=chosen)

    assert (target.choice, target.step_id) == (choice, expected)
    assert target.reason == ("version_migrated" if choice == Choice.LEAVE else "")


def test_who_stands_in_a_path_that_is_gone_goes_on_after_its_branch_not_in_the_path_beside() -> None:
    paths = (Path(key="yes", label="Yes", start="a"), Path(key="no", label="No", start="b"))
    kept = {
        "f": Step(id="f", kind="branch", paths=paths, next="c"),
        "b": Step(id="b", kind="send_message", next="c"),
        "c": Step(id="c", kind="send_message"),
    }
    old = Flow(trigger=None, start="f", steps={**kept, "a": Step(id="a", kind="wait_duration", next="c")})
    in_reading_order = {step_id: old.steps[step_id] for step_id in "fabc"}

    target = target_of("a", old=replace(old, steps=in_reading_order), new=replace(old, steps=kept))

    assert (target.choice, target.step_id) == (Choice.MOVE, "c")


def test_a_loop_of_removed_steps_ends() -> None:
    loop = replace(OLD, steps={**OLD.steps, "d": replace(OLD.steps["d"], next="a")})

    assert target_of("b", old=loop, new=flow("z")).choice == Choice.LEAVE


def test_only_what_does_nothing_but_wait_is_counted_anew() -> None:
    chosen = Chosen(choice=Choice.RECOMPUTE)

    assert target_of("b", old=OLD, new=OLD, chosen=chosen).choice == Choice.KEEP
    assert target_of("w", old=OLD, new=flow("abcd"), chosen=chosen).step_id == "c"


def test_who_was_left_behind_stays_until_somebody_chooses_anew() -> None:
    assert target_of("w", old=OLD, new=OLD, stays=True).choice == Choice.STAY
    chosen = Chosen(choice=Choice.KEEP)
    assert target_of("w", old=OLD, new=OLD, stays=True, chosen=chosen).choice == Choice.KEEP


def test_a_step_that_became_one_of_another_kind_is_begun() -> None:
    new = replace(OLD, steps={**OLD.steps, "w": replace(OLD.steps["w"], kind="send_message")})

    assert target_of("w", old=OLD, new=new) == target_of("a", old=OLD, new=new).__class__(
        choice=Choice.MOVE, step_id="w"
    )


@pytest.mark.parametrize(
    ("at", "new", "expected"),
    [
        pytest.param("w", "abwcd", "", id="nothing has changed"),
        pytest.param("w", "wabcd", "ab", id="texts they had stand after their wait now"),
        pytest.param("w", "awbcd", "b", id="one of them does"),
        pytest.param("w", "abwncd", "n", id="a new one, which nobody had"),
        pytest.param("c", "acwbd", "b", id="a wait may come again"),
    ],
)
def test_what_would_come_again(at: str, new: str, expected: str) -> None:
    target = target_of(at, old=OLD, new=flow(new))

    assert again(target, at=at, old=OLD, new=flow(new)) == set(expected)


def test_going_back_repeats_nothing() -> None:
    back = target_of("d", old=OLD, new=OLD, chosen=Chosen(choice=Choice.MOVE, to="a"))

    assert again(back, at="d", old=OLD, new=OLD) == set("abcd")


def test_a_loop_that_the_editor_wrote_is_left_alone() -> None:
    loop = replace(OLD, steps={**OLD.steps, "d": replace(OLD.steps["d"], next="a")})

    assert again(target_of("w", old=loop, new=loop), at="w", old=loop, new=loop) == frozenset()


def test_steps_in_paths_are_seen() -> None:
    paths = (Path(key="yes", label="Yes", start="a"), Path(key="no", label="No", start="c"))
    new = flow("wcd")
    new = replace(
        new,
        steps={
            **new.steps,
            "w": replace(new.steps["w"], next="f"),
            "f": Step(id="f", kind="branch", paths=paths, next="d"),
            "a": Step(id="a", kind="send_message", next="d"),
        },
    )

    assert again(target_of("w", old=OLD, new=new), at="w", old=OLD, new=new) == {"a"}


@given(st.lists(st.sampled_from("abwcd"), unique=True), st.sampled_from("abwcd"), st.data())
def test_everybody_comes_to_stand_somewhere(ids: list[str], at: str, data: st.DataObject) -> None:
    new = flow("".join(ids))
    chosen = data.draw(
        st.none()
        | st.builds(Chosen, choice=st.sampled_from(list(Choice)), to=st.sampled_from(["", "gone", *"abwcd"]))
    )
    target = target_of(at, old=OLD, new=new, chosen=chosen)

    if target.choice == Choice.STAY:
        assert target.step_id in OLD.steps
    elif target.choice != Choice.LEAVE:
        assert target.step_id in new.steps
    assert (target.reason != "") == (target.choice == Choice.LEAVE)


@given(
    st.dictionaries(
        st.tuples(st.integers(1, 99), st.sampled_from("abc")),
        st.builds(Chosen, choice=st.sampled_from(list(Choice)), to=st.sampled_from("abc")),
    )
)
def test_choices_come_back_as_they_were_kept(choices: dict[tuple[int, str], Chosen]) -> None:
    assert from_json(to_json(choices)) == choices


def test_a_choice_that_leads_nowhere_is_refused_by_name() -> None:
    with pytest.raises(NoSuchChoice, match="'w' cannot go on at 'z'"):
        refuse_unknown_steps({(1, "w"): Chosen(choice=Choice.MOVE, to="z")}, "abc")
    with pytest.raises(NoSuchChoice, match="no choice 'jump'; choose one of keep, stay"):
        from_json([{"version": 1, "step": "a", "choice": "jump", "to": ""}])
