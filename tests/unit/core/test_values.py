"""A value is a frozen dataclass in everything but the time that it takes to make one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace

import pytest

from wagtail_drip.core.values import value


@value
class Quick:
    name: str
    tags: list[str] = field(default_factory=list)
    size: int = 3


@dataclass(frozen=True, kw_only=True)
class Plain:
    name: str
    tags: list[str] = field(default_factory=list)
    size: int = 3


@pytest.mark.parametrize("given", [{"name": "a"}, {"name": "b", "tags": ["x"]}, {"name": "c", "size": 0}])
def test_it_is_what_a_dataclass_is(given):
    quick, plain = Quick(**given), Plain(**given)

    assert asdict(quick) == asdict(plain)
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert [each.name for each in fields(quick)] == [each.name for each in fields(plain)]
    assert quick == Quick(**given)
    assert replace(quick, size=9).size == 9


def test_it_does_not_change():
    with pytest.raises(FrozenInstanceError):
        Quick(name="a").size = 4  # type: ignore[misc]


def test_two_do_not_share_a_default_that_can_change():
    assert Quick(name="a").tags is not Quick(name="b").tags


@pytest.mark.parametrize("given", [{}, {"name": "a", "colour": "red"}])
def test_a_field_too_few_or_too_many_is_refused(given):
    with pytest.raises(TypeError, match=r"Quick\.__init__|name|colour"):
        Quick(**given)


def test_it_looks_at_itself_once_it_is_made():
    @value
    class Positive:
        n: int

        def __post_init__(self) -> None:
            if self.n < 1:
                raise ValueError("not positive")

    assert Positive(n=1).n == 1
    with pytest.raises(ValueError, match="not positive"):
        Positive(n=0)
