"""The glossary holds exactly the words that were agreed on, in two languages, one sentence each."""

from __future__ import annotations

import re

from tests.architecture.house import ROOT

WORDS = """
contact, consent, permission, topic, suppression, event, notice, callback, store, cart, purchase, stage, interest,
segment, sequence, aim, recipe, version, trigger, entry, step, flow, enrolment, step visit, decision, effect, message,
channel, template, variable, link, click, coupon, gateway, sender, hold, receipt, inbound text, reply, conversation,
keyword, survey, answer, complaint, experiment, variant, assignment, holdout, ghost, window, quiet hours, cap, budget,
special event, blackout date, tally, rollup, conversion, attribution, replay, site
"""


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs" / "glossary.md").read_text()
    table = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [row for row in table if row[0] not in ("Word",)]


def test_the_glossary_has_exactly_the_agreed_words() -> None:
    assert [word for word, _, _ in rows()] == [word.strip() for word in WORDS.replace("\n", " ").split(",")]


def test_every_word_has_its_own_chinese() -> None:
    chinese = [word for _, word, _ in rows()]

    assert len(set(chinese)) == len(chinese)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", word) for word in chinese)


def test_every_word_is_explained_in_one_sentence() -> None:
    assert [word for word, _, sentence in rows() if not re.fullmatch(r"[^.]+\.", sentence)] == []
