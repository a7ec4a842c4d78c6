"""A shop's own stop and help words: they add to ours, mean nothing by the way, and never undo a stop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wagtail_drip.compliance import keywords, own_keywords
from wagtail_drip.compliance.keywords import Verdict
from wagtail_drip.compliance.own_keywords import OwnKeyword, OwnKeywords, bare_of, refusal_of


def word(text: str, kind: str = "stop", country: str = "", *, pk: int = 0) -> OwnKeyword:
    return OwnKeyword(id=pk, kind=kind, text=text, bare=bare_of(text, kind=kind), country=country)


def own(*words: OwnKeyword) -> OwnKeywords:
    return OwnKeywords(rows=words)


OURS = own(
    word("Genug!", pk=1),
    word("no more deals", "phrase", pk=2),
    word("别推销", "phrase", pk=3),
    word("Q", country="CN", pk=4),
    word("Wieder", "start", pk=5),
    word("Telefon", "help", pk=6),
)


def understand(text: str, region: str = "") -> Verdict:
    return own_keywords.understand(text, region=region, own=lambda: OURS)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        pytest.param("genug", "", Verdict(kind="stop", keyword="Genug!"), id="the whole text"),
        pytest.param(
            "  GENUG 🛑!! ", "", Verdict(kind="stop", keyword="Genug!"), id="signs and emoji around it"
        ),
        pytest.param("Ｇｅｎｕｇ", "", Verdict(kind="stop", keyword="Genug!"), id="full width"),
        pytest.param("genug Tee da?", "", Verdict(kind="reply"), id="a part of a text"),
        pytest.param(
            "Hello, no more deals, thanks",
            "",
            Verdict(kind="stop", phrase="no more deals"),
            id="a phrase in a short text",
        ),
        pytest.param("No more dealships here", "", Verdict(kind="reply"), id="a part of a longer word"),
        pytest.param("请别推销了", "", Verdict(kind="stop", phrase="别推销"), id="a phrase without spaces"),
        pytest.param("no more deals " * 9, "", Verdict(kind="reply"), id="a story"),
        pytest.param("q", "CN", Verdict(kind="stop", keyword="Q"), id="of its country"),
        pytest.param("q", "US", Verdict(kind="reply"), id="of another country"),
        pytest.param("wieder", "", Verdict(kind="start", keyword="Wieder"), id="a start"),
        pytest.param("telefon?", "", Verdict(kind="help", keyword="Telefon"), id="a help word"),
        pytest.param("STOP", "", Verdict(kind="stop", keyword="STOP"), id="ours"),
        pytest.param(
            "please stop texting me", "", Verdict(kind="stop", phrase="stop texting"), id="a wish of ours"
        ),
    ],
)
def test_they_stand_beside_ours(text: str, region: str, expected: Verdict) -> None:
    assert understand(text, region) == expected


def test_what_the_tables_know_does_not_ask_for_them() -> None:
    def fail() -> OwnKeywords:
        raise AssertionError("read")

    assert own_keywords.understand("STOP", own=fail).kind == "stop"
    with pytest.raises(AssertionError):
        own_keywords.understand("hello", own=fail)


@given(
    text=some.sampled_from([each for words in keywords.STOP.values() for each in words])
    | some.sampled_from(["please stop texting me", "take me off your list", "不要再发了"]),
    kind=some.sampled_from(["start", "help", "stop", "phrase"]),
    country=some.sampled_from(["", "CN", "US"]),
)
def test_none_of_them_makes_a_stop_of_ours_into_anything_else(text: str, kind: str, country: str) -> None:
    against = own(word(text, kind, country))

    assert own_keywords.understand(text, region=country, own=lambda: against).kind == "stop"
    assert refusal_of(word(text, kind, country), own=OwnKeywords()) is not None


@pytest.mark.parametrize(
    ("candidate", "code"),
    [
        *(
            pytest.param(word(text, kind), "answer", id=f"{kind} {text}")
            for text in ("yes", "1", "ok", "好", "No!", "谢谢", "42", "y", "Danke", "是的")
            for kind in ("stop", "start", "help")
        ),
        pytest.param(word("🛑🛑"), "empty", id="emoji alone"),
        pytest.param(word("…!?", "phrase"), "empty", id="signs alone"),
        pytest.param(word("x" * 41), "too_long", id="a long word"),
        pytest.param(word("Q"), "one_letter", id="a letter everywhere"),
        pytest.param(word("退"), "one_letter", id="a character everywhere"),
        pytest.param(word("deals", "phrase"), "one_word", id="a phrase of one word"),
        pytest.param(word("thank you", "phrase"), "answer", id="a phrase in an answer"),
        pytest.param(word("不要", "phrase"), "answer", id="a Chinese phrase that is an answer"),
        pytest.param(word("don't unsubscribe me", "phrase"), "opposite", id="the opposite"),
        pytest.param(word(" ".join("abcdefghijklmnopq"), "phrase"), "too_long", id="a story"),
        pytest.param(word("stop."), "known", id="ours"),
        pytest.param(word("please stop texting", "phrase"), "known", id="a wish of ours"),
        pytest.param(word("R", country="CN"), "known", id="ours in that country"),
        pytest.param(word("HELP"), "clash", id="a help word of ours as a stop"),
        pytest.param(word("stop", "start"), "clash", id="a stop of ours as a start"),
        pytest.param(word("TD", "start"), "clash", id="a stop of ours elsewhere as a start everywhere"),
        pytest.param(word("GENUG"), "known", id="their own"),
        pytest.param(word("genug", country="DE"), "known", id="their own everywhere, in one country"),
        pytest.param(word("genug", "help"), "clash", id="their own stop as a help word"),
        pytest.param(word("wieder", "stop"), "clash", id="their own start as a stop"),
        pytest.param(
            word("no more deals please", "phrase"), "known", id="in which a phrase of theirs stands"
        ),
        pytest.param(word("no more deals", "start"), "clash", id="a phrase of theirs as a start"),
    ],
)
def test_a_word_that_means_too_much_or_stands_already_is_refused(candidate: OwnKeyword, code: str) -> None:
    found = refusal_of(candidate, own=OURS)

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param(word("No texts"), id="two words"),
        pytest.param(word("Q", country="US"), id="a letter of a country"),
        pytest.param(word("TD"), id="ours in China, everywhere"),
        pytest.param(word("q9"), id="a letter and a digit"),
        pytest.param(word("0001"), id="a long number"),
        pytest.param(word("Genug", pk=1), id="the row itself"),
        pytest.param(word("leave my phone", "phrase"), id="a phrase"),
    ],
)
def test_what_means_one_thing_only_is_not(candidate: OwnKeyword) -> None:
    assert refusal_of(candidate, own=OURS) is None


def test_it_is_named_what_stands_in_the_way() -> None:
    ours = refusal_of(word("退订"), own=OURS)
    theirs = refusal_of(word("genug"), own=OURS)
    elsewhere = refusal_of(word("td", "start"), own=OURS)

    assert ours is not None
    assert ours.verdict == Verdict(kind="stop", keyword="退订")
    assert theirs is not None
    assert theirs.own == OURS.rows[0]
    assert elsewhere is not None
    assert elsewhere.region == "CN"


def test_no_sequence_may_have_one() -> None:
    assert own_keywords.is_taken("genug", own=OURS)
    assert own_keywords.is_taken("q", own=OURS)
    assert own_keywords.is_taken("STOP", own=OwnKeywords())
    assert not own_keywords.is_taken("coffee", own=OURS)


@given(text=some.text(max_size=60), kind=some.sampled_from(["stop", "phrase", "start", "help"]))
def test_whatever_is_accepted_is_understood_as_it_was_meant(text: str, kind: str) -> None:
    candidate = word(text, kind)
    if refusal_of(candidate, own=OwnKeywords()) is not None:
        return

    verdict = own_keywords.understand(text, own=lambda: own(candidate))

    assert verdict.kind == ("stop" if kind == "phrase" else kind)
