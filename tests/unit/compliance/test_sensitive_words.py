"""Which words of a text need care, and in which longer ones they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wagtail_drip.admin.places import name_of
from wagtail_drip.admin.sensitive_words import ADVICE
from wagtail_drip.compliance import sensitive_words
from wagtail_drip.compliance.sensitive_words import LISTS, WordList, find

SHIPPED = [(each, word) for each in LISTS for word in each.words]


def words(text: str, place: str) -> list[str]:
    return [found.word for found in find(text, LISTS, place=place)]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        pytest.param("Two wines for one, tonight only", "US", ["wine"], id="a plural"),
        pytest.param("WINE night", "US", ["wine"], id="capitals"),
        pytest.param("Twine for your garden", "US", [], id="a part of another word"),
        pytest.param("Six wine glasses at 9.99", "US", [], id="a longer word that means something else"),
        pytest.param("Wine and six wine glasses", "US", ["wine"], id="both"),
        pytest.param("Two wines for one", "GB", [], id="a country where it does not matter"),
        pytest.param("Two wines for one", "", [], id="no country"),
        pytest.param(
            "全网最低价，绝对划算", "CN", ["最低价", "全网最低", "绝对"], id="more than one, each once"
        ),
        pytest.param("全 网 最 低", "CN", ["全网最低"], id="spaces to slip through"),
        pytest.param("您的第一次下单立减10元", "CN", [], id="第一 in 第一次"),
        pytest.param("销量第一", "CN", ["第一"], id="第一 by itself"),
        pytest.param("１００％正品", "CN", ["100%"], id="full width"),
        pytest.param("１００％纯棉", "CN", [], id="what a cloth is made of"),
        pytest.param("第一次买第一品牌", "CN", ["第一"], id="第一 in 第一次 and by itself"),
        pytest.param("首个工作日发货，最大限度保护", "CN", [], id="longer words in Chinese"),
        pytest.param("最\u200b佳", "CN", ["最佳"], id="a sign that does not show among Chinese"),
        pytest.param("wi\u00adne and be\u200ber", "US", ["wine", "beer"], id="signs that do not show"),
        pytest.param("Alcohol-free, with water guns", "US", [], id="longer words, in the plural too"),
        pytest.param("A nazi film", "US", ["nazi"], id="hate"),
        pytest.param("加ＱＱ领券", "CN", ["加QQ"], id="full width among Chinese"),
        pytest.param("【小店】您好", "CN", ["【", "】"], id="signs"),
        pytest.param("您的订单已发货，点击查看物流", "CN", [], id="an ordinary text in Chinese"),
        pytest.param(
            "Hi Ada, your order has been sent. Reply STOP to opt out", "US", [], id="an ordinary text"
        ),
        pytest.param("", "US", [], id="nothing"),
    ],
)
def test_what_is_found(text: str, place: str, expected: list[str]) -> None:
    assert sorted(words(text, place)) == sorted(expected)


@pytest.mark.parametrize(("each", "word"), SHIPPED, ids=[f"{each.kind}-{word}" for each, word in SHIPPED])
def test_each_shipped_word_is_found_where_it_matters_and_nowhere_else(each: WordList, word: str) -> None:
    for place in each.places:
        assert word in [found.word for found in find(f"a {word} b", [each], place=place)]
    assert find(f"a {word} b", [each], place="SE") == []


@pytest.mark.parametrize("each", LISTS, ids=[each.kind for each in LISTS])
def test_each_list_says_what_it_rests_on_and_has_advice_and_countries_with_names(each: WordList) -> None:
    assert each.source
    assert each.read
    assert each.kind in ADVICE
    assert all(name_of(place) != place for place in each.places)
    for other in each.unless:
        assert find(f"x {other} y", [each], place=min(each.places)) == []
        # One that has no listed word in it is misspelt, and would excuse nothing.
        assert find(f"x {other} y", [replace(each, unless=())], place=min(each.places)) != []


def test_a_word_for_everywhere_is_found_without_a_country() -> None:
    own = WordList(kind="own", words=("cheap",))

    assert [each.word for each in find("Cheap!", [own], place="")] == ["cheap"]


@given(some.text(), some.sampled_from(["US", "CN", ""]))
def test_any_text_is_read_and_nothing_is_found_that_does_not_stand_there(text: str, place: str) -> None:
    plain = sensitive_words.bare(text)

    assert all(sensitive_words.bare(found.word) in plain for found in find(text, LISTS, place=place))
