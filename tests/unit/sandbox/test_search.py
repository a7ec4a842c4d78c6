"""The shop's search engine hands Haystack's conditions to the database instead of to an index."""

from __future__ import annotations

import pytest
from haystack.query import SQ

from sandbox import search


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([], ["pk"], id="nothing asked: as they were added"),
        pytest.param(["-price"], ["-stockrecords__price", "pk"], id="dearest first"),
        pytest.param(["title_exact"], ["title", "pk"], id="the index's own field name"),
        pytest.param(["unheard_of"], ["pk"], id="an unknown field is left out"),
    ],
)
def test_orderings_are_the_databases_and_always_complete(asked: list[str], expected: list[str]) -> None:
    assert search.orderings(asked) == expected


def test_conditions_arrive_flat_with_the_fields_name_and_the_plain_value() -> None:
    query = search.Query()
    query.add_filter(SQ(is_public="true"))
    query.add_filter(SQ(category__in=[1, 2]) & SQ(content="green tea"))

    assert query.build_query() == [("is_public", "true"), ("category", [1, 2]), ("content", "green tea")]


def test_the_words_of_a_search_must_all_occur(db: None) -> None:
    from oscar.core.loading import get_model

    Product = get_model("catalogue", "Product")
    product_class = get_model("catalogue", "ProductClass").objects.create(name="Goods")
    titles = {"Green tea": True, "Green coffee": True, "Green tea, not yet on sale": False}
    # In bulk, for the tests' own search engine complains of every saved product.
    Product.objects.bulk_create(
        Product(
            upc=title, title=title, is_public=is_public, structure="standalone", product_class=product_class
        )
        for title, is_public in titles.items()
    )

    found = search.matching_products([("is_public", "true"), ("content", "tea green")])

    assert [product.title for product in found] == ["Green tea"]
