"""Every reason and every rule that the code can write down has a sentence that people understand."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.house import PACKAGE
from wagtail_drip.admin import entry_sentences, reason_sentences, sentences, step_sentences
from wagtail_drip.enrolments.states import ExitReason
from wagtail_drip.enrolments.why_not import EntryRule
from wagtail_drip.messaging.states import DeferReason, SkipReason
from wagtail_drip.sequences.states import RuntimeState


def rules_written_down() -> set[str]:
    """Return every ``"name"`` of a rule that the walk and the shipped steps give to a Decision."""
    found = set()
    for path in (PACKAGE / "enrolments").rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Decision"):
                continue
            for keyword in call.keywords:
                if keyword.arg == "rule":
                    found |= {
                        value.value
                        for given in ast.walk(keyword.value)
                        if isinstance(given, ast.Dict)
                        for key, written in zip(given.keys, given.values, strict=True)
                        for value in [constants.get(getattr(written, "id", ""), written)]
                        if isinstance(key, ast.Constant)
                        and key.value == "name"
                        and isinstance(value, ast.Constant)
                    }
    return found


def test_the_rules_are_found_at_all() -> None:
    assert {"send_message", "wait_duration", "bound", "error"} <= rules_written_down()


def test_every_rule_that_a_step_or_the_walk_writes_down_has_a_sentence() -> None:
    assert rules_written_down() - set(step_sentences.RULES) - set(reason_sentences.EXITS) == set()


@pytest.mark.parametrize("code", sorted({str(code) for code in (*SkipReason, *DeferReason)}))
def test_every_reason_of_a_message_has_a_sentence_and_not_only_a_word(code: str) -> None:
    told = sentences.reason(code)

    assert told.text.endswith(".")
    assert len(told.text.split()) > 3


@pytest.mark.parametrize("code", list(ExitReason))
def test_every_reason_to_leave_has_a_sentence(code: str) -> None:
    assert sentences.left_because(code).endswith(".")


@pytest.mark.parametrize("rule", list(EntryRule))
def test_every_rule_of_entry_has_a_sentence(rule: EntryRule) -> None:
    assert rule in entry_sentences.ENTRY


@pytest.mark.parametrize("state", list(RuntimeState))
def test_every_state_of_a_sequence_has_a_sentence(state: RuntimeState) -> None:
    assert str(sentences.RUNTIME_STATES[state]).endswith(".")


def test_no_sentence_is_left_over() -> None:
    ours = {*SkipReason, *DeferReason}
    providers = {
        "expired",
        "opted_out",
        "bad_number",
        "ambiguous",
        "no_answer",
        "no_receipt",
        "compose_error",
    }

    assert set(reason_sentences.REASONS) == {str(code) for code in ours} | providers
    assert set(reason_sentences.EXITS) == {str(code) for code in ExitReason}
