from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wagtail_drip.gateways import encoding
from wagtail_drip.gateways.encoding import count, parts, smart_encode

gsm_texts = st.text(alphabet=encoding.GSM_BASIC + encoding.GSM_EXTENSION, max_size=700)
any_texts = st.one_of(
    gsm_texts,
    st.text(alphabet=st.sampled_from("aé€[中文😀🇨🇳👍🏽ç”\n"), max_size=400),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300),
)


def test_the_alphabets_have_the_127_and_10_characters_of_the_standard() -> None:
    assert len(encoding.GSM_BASIC) == len(set(encoding.GSM_BASIC)) == 127
    assert len(encoding.GSM_EXTENSION) == len(set(encoding.GSM_EXTENSION)) == 10
    assert "Ç" in encoding.GSM_BASIC
    assert not set("ç`áíóúêëâîôûõã") & set(encoding.GSM_BASIC + encoding.GSM_EXTENSION)


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments", "left"),
    [
        pytest.param("", "GSM-7", 0, 0, 160, id="nothing costs nothing"),
        pytest.param("a" * 160, "GSM-7", 160, 1, 0, id="160 letters fill one segment"),
        pytest.param("a" * 161, "GSM-7", 161, 2, 145, id="one more makes two of 153"),
        pytest.param("a" * 306, "GSM-7", 306, 2, 0, id="306 letters fill two"),
        pytest.param("a" * 307, "GSM-7", 307, 3, 152, id="307 letters need three"),
        pytest.param("€" * 80, "GSM-7", 160, 1, 0, id="a euro sign costs two"),
        pytest.param("a" * 159 + "€", "GSM-7", 161, 2, 145, id="a euro at the edge opens a segment"),
        pytest.param("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3, 152, id="an ESC pair is never split"),
        pytest.param("中" * 70, "UCS-2", 70, 1, 0, id="70 Chinese characters fill one segment"),
        pytest.param("中" * 71, "UCS-2", 71, 2, 63, id="71 Chinese characters need two of 67"),
        pytest.param("a" * 71 + "”", "UCS-2", 72, 2, 62, id="one curly quote turns the whole text"),
        pytest.param("😀" * 35, "UCS-2", 70, 1, 0, id="an emoji costs two"),
        pytest.param("中" * 66 + "😀" + "中" * 66, "UCS-2", 134, 3, 66, id="a surrogate pair is never split"),
        pytest.param("a\r\nb", "GSM-7", 4, 1, 156, id="line ends are in the alphabet"),
    ],
)
def test_count(text: str, alphabet: str, units: int, segments: int, left: int) -> None:
    counted = count(text)

    assert (counted.encoding, counted.units, counted.segments, counted.units_left) == (
        alphabet,
        units,
        segments,
        left,
    )
    assert counted.characters == len(text)


def test_costly_names_each_character_that_forces_ucs2_once_and_in_order() -> None:
    assert count("“Hi” – ça va? “€”").costly == ("“", "”", "–", "ç")
    assert count("Hi {name} €5").costly == ()


@given(any_texts)
@example("中" * 66 + "😀" + "中" * 66)
@example("[" * 400)
def test_the_parts_are_the_text_and_each_fits_its_segment(text: str) -> None:
    cut, counted = parts(text), count(text)
    is_ucs2 = counted.encoding == "UCS-2"
    single, limit = (70, 67) if is_ucs2 else (160, 153)

    sizes = [
        len(part.encode("utf-16-be")) // 2
        if is_ucs2
        else sum(2 if character in encoding.GSM_EXTENSION else 1 for character in part)
        for part in cut
    ]

    assert "".join(cut) == text
    assert len(cut) == counted.segments
    assert sum(sizes) == counted.units
    assert all(0 < size <= (single if len(cut) == 1 else limit) for size in sizes)
    # Greedy: a part is never shorter than the limit by more than the pair that did not fit.
    assert all(size >= limit - 1 for size in sizes[:-1])


@given(any_texts, any_texts)
def test_joining_two_texts_costs_no_more_than_a_segment_beyond_both(one: str, two: str) -> None:
    both = count(one + two)
    if count(one).encoding == count(two).encoding == both.encoding:
        # Two single segments of 160 make 320 units, and those three of 153.
        assert max(count(one).segments, count(two).segments) <= both.segments
        assert both.segments <= count(one).segments + count(two).segments + 1


@given(any_texts, st.characters(exclude_categories=["Cs"]))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert count(text + more).segments >= count(text).segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("“Hi” – it’s 5…", '"Hi" - it\'s 5...', id="what word processors put in"),
        pytest.param("10\u00a0€\u200b", "10 €", id="special spaces and invisible characters"),
        pytest.param("½ × ２ ™", "1/2 x 2 TM", id="fractions, full width, trade mark"),
        pytest.param("caf\u0065\u0301", "café", id="a composed letter is in the alphabet"),
        pytest.param("你好，“世界”", "你好，“世界”", id="a Chinese text keeps its punctuation"),
        pytest.param("“Hi” 😀", "“Hi” 😀", id="an emoji keeps it UCS-2, so nothing is touched"),
        pytest.param("“garçon”", "“garçon”", id="accents stay unless the owner says so"),
    ],
)
def test_smart_encode(text: str, expected: str) -> None:
    assert smart_encode(text) == expected


def test_smart_encode_may_drop_accents_when_the_owner_says_so() -> None:
    assert smart_encode("“garçon” à Łódź", transliterate_accents=True) == '"garcon" à Lodz'


@given(any_texts)
def test_smart_encode_never_costs_more_units_per_segment_limit_and_settles(text: str) -> None:
    plain = smart_encode(text)

    assert plain == text or count(plain).encoding == "GSM-7"
    assert smart_encode(plain) == plain


def test_the_browser_gets_the_same_alphabets() -> None:
    table = json.loads(json.dumps(encoding.alphabets()))

    assert table["basic"] == encoding.GSM_BASIC
    assert table["extension"] == encoding.GSM_EXTENSION
    assert table["limits"] == {
        "GSM-7": {"single": 160, "part": 153},
        "UCS-2": {"single": 70, "part": 67},
    }
