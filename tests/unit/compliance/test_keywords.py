"""Which texts stop, start or ask for help, and which are just what somebody says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_drip.compliance import keywords
from wagtail_drip.compliance.keywords import Verdict, classify


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        "STOP.",
        "stop!",
        " Stop \n",
        "“Stop”",
        "'stop'",
        "ＳＴＯＰ",
        "stop 🛑",
        "🛑🛑stop‼️",
        "Stop! STOP!",
        "\ufeffSTOP",
        "STOP!!!?",
        "«stop»",
        "- stop -",
    ],
)
def test_stop_is_understood_however_it_is_dressed(text: str) -> None:
    assert classify(text, region="US") == Verdict(kind="stop", keyword="STOP")


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("opt-out", "OPT OUT"),
        ("Opt Out", "OPT OUT"),
        ("stop  all", "STOP ALL"),
        ("退订", "退订"),
        ("退订。", "退订"),
        ("【退訂】", "退訂"),
        ("arrêt", "ARRET"),
        ("Désabonner", "DESABONNER"),
        ("İptal", "IPTAL"),
        ("iptal", "IPTAL"),
        ("стоп", "СТОП"),
        ("відписатися", "ВІДПИСАТИСЯ"),
        ("Từ chối", "TU CHOI"),
        ("ｽﾄｯﾌﾟ", "ストップ"),
        ("수신거부", "수신거부"),
        ("إيقاف", "إيقاف"),
        ("रोकें!", "रोकें"),
        ("หยุด", "หยุด"),
    ],
)
def test_other_languages_stop_too(text: str, keyword: str) -> None:
    assert classify(text, region="US") == Verdict(kind="stop", keyword=keyword)


@pytest.mark.parametrize(
    "text",
    [
        "bus stop",
        "We have got to STOP this bill",
        "when does it start?",
        "stopped",
        "non-stop",
        "don't stop",
        "helpful",
        "info about tea please",
        "start me up",
        "unstoppable",
        "endless",
        "yes",
        "oui",
        "同意",
        "",
        "   ",
        "🛑",
        "!!!",
        "停止营业了吗",
        "stop " + "x" * 500,
    ],
)
def test_whatever_is_more_than_a_keyword_is_a_reply(text: str) -> None:
    assert classify(text, region="US") == Verdict(kind="reply")


@pytest.mark.parametrize("text", ["T", "Ｔ", "r", "TD", "n", "D.", "0000"])
def test_single_letters_stop_only_numbers_of_china(text: str) -> None:
    assert classify(text, region="CN").kind == "stop"
    assert classify(text, region="US").kind == "reply"
    assert classify(text).kind == "reply"


@pytest.mark.parametrize(("text", "region"), [("seis", "FI"), ("ret", "TR"), ("hủy", "VN"), ("Dừng", "VN")])
def test_words_that_are_answers_elsewhere_stop_only_at_home(text: str, region: str) -> None:
    assert classify(text, region=region).kind == "stop"
    assert classify(text, region="ES").kind == "reply"


@pytest.mark.parametrize(
    ("text", "kind", "region"),
    [
        ("start", "start", "GB"),
        ("Unstop.", "start", "GB"),
        ("订阅", "start", "CN"),
        ("DY", "start", "CN"),
        ("DY", "reply", "GB"),
        ("help", "help", "GB"),
        ("HELP?", "help", "GB"),
        ("hjælp", "help", "DK"),
        ("Hjälp", "help", "SE"),
        ("？", "help", "CN"),
        ("?", "help", "CN"),
        ("?", "reply", "GB"),
    ],
)
def test_start_and_help(text: str, kind: str, region: str) -> None:
    assert classify(text, region=region).kind == kind


@pytest.mark.parametrize("kind", ["stop", "start", "help"])
def test_every_word_of_the_table_means_what_it_stands_under(kind: str) -> None:
    table = {"stop": keywords.STOP, "start": keywords.START, "help": keywords.HELP}[kind]
    for words in table.values():
        for word in words:
            assert classify(word).kind == kind
            assert classify(f" {word.lower()}! ").kind == kind


def test_no_word_means_two_things() -> None:
    seen: dict[str, str] = {}
    for kind, table in (("stop", keywords.STOP), ("start", keywords.START), ("help", keywords.HELP)):
        for word in {word for words in table.values() for word in words}:
            assert seen.setdefault(word, kind) == kind


@given(st.text(max_size=60), st.sampled_from(["", "CN", "US", "FI"]))
def test_any_text_gets_a_verdict_and_a_stop_with_a_letter_more_is_none(text: str, region: str) -> None:
    assert classify(text, region=region).kind in {"stop", "start", "help", "reply"}
    assert classify(f"stop {text}q", region=region).keyword == ""


CASES = tomllib.loads((Path(__file__).parent / "stop_cases.toml").read_text())["cases"]


@pytest.mark.parametrize("group", CASES, ids=[f"{each['language']}: {each['why']}" for each in CASES])
def test_what_people_write_back(group: dict[str, Any]) -> None:
    said = {text: classify(text, region=group.get("region", "")).kind for text in group["texts"]}
    assert said == dict.fromkeys(group["texts"], group["verdict"])


def test_there_are_enough_of_them_in_enough_languages() -> None:
    assert sum(len(each["texts"]) for each in CASES) >= 150
    assert len({each["language"] for each in CASES}) >= 12


def test_a_wish_says_by_which_words_it_was_understood_and_a_keyword_has_none() -> None:
    assert classify("Hi, please stop texting me!") == Verdict(kind="stop", phrase="stop texting")
    assert classify("Please stop") == Verdict(kind="stop", phrase="please stop")
    assert classify("stop!").phrase == ""


@given(st.text(alphabet="stop dn'text me 不要再发退订plus de aeiou.!", max_size=400))
def test_no_text_keeps_anybody_waiting(text: str) -> None:
    """Each pattern is tried over whatever people send: hypothesis notices one that backtracks without end."""
    assert classify(text).kind in {"stop", "start", "help", "reply"}
