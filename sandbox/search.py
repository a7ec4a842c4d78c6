"""
A search engine for Oscar's catalogue that asks the database and keeps no index.

Oscar browses through Haystack. Haystack's own "simple" engine turns every filter into search words,
and the shop then shows no product and no error; the other engines need a server or an index.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from haystack.backends import BaseEngine, BaseSearchBackend, BaseSearchQuery, SearchNode, log_query
from haystack.models import SearchResult
from oscar.core.loading import get_model

# Haystack's name of a sort field: the name in the database.
ORDERINGS = {
    "title_exact": "title",
    "price": "stockrecords__price",
    "rating": "rating",
    "date_created": "date_created",
}

Condition = tuple[str, Any]


class Backend(BaseSearchBackend):
    """Answer each search with a query; there is nothing to write."""

    def update(self, index: Any, iterable: Any, commit: bool = True) -> None:
        pass

    def remove(self, obj_or_string: Any, commit: bool = True) -> None:
        pass

    def clear(self, models: Any = None, commit: bool = True) -> None:
        pass

    def build_search_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    @log_query
    def search(
        self,
        conditions: list[Condition],
        start_offset: int = 0,
        end_offset: int | None = None,
        sort_by: list[str] | None = None,
        result_class: type[SearchResult] | None = None,
        **ignored: Any,
    ) -> dict[str, Any]:
        products = matching_products(conditions).order_by(*orderings(sort_by or []))
        make = result_class or SearchResult
        results = []
        for product in products.base_queryset()[start_offset:end_offset]:
            result = make("catalogue", "product", product.pk, 0)
            result._object = product
            result._model = type(product)
            results.append(result)
        return {"results": results, "hits": products.count()}

    def more_like_this(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"results": [], "hits": 0}


class Query(BaseSearchQuery):
    """Hand the conditions over as they are, instead of writing them as a query string."""

    def build_query(self) -> list[Condition]:
        return list(self._conditions(self.query_filter))

    def build_params(self, spelling_query: str | None = None) -> dict[str, Any]:
        return {
            "start_offset": self.start_offset,
            "end_offset": self.end_offset,
            "sort_by": list(self.order_by),
            "result_class": self.result_class,
        }

    def _conditions(self, node: SearchNode) -> list[Condition]:
        found: list[Condition] = []
        for child in node.children:
            if isinstance(child, SearchNode):
                found += self._conditions(child)
            else:
                expression, value = child
                field, _lookup = node.split_expression(expression)
                found.append((field, getattr(value, "query_string", value)))
        return found


class Engine(BaseEngine):
    backend = Backend
    query = Query


def matching_products(conditions: list[Condition]) -> QuerySet[Any]:
    """
    Return the products on sale that meet every condition.

    Only browsable products are offered anyway, so Oscar's `is_public` and `structure` are not asked again.
    """
    products = get_model("catalogue", "Product").objects.browsable()
    for field, value in conditions:
        if field == "category":
            products = products.filter(categories__in=value)
        elif field == "content":
            for word in str(value).split():
                products = products.filter(
                    Q(title__icontains=word) | Q(description__icontains=word) | Q(upc__iexact=word)
                )
    return products.distinct()


def orderings(sort_by: list[str]) -> list[str]:
    """Return the database's orderings for Haystack's; as they were added last, so that pages never overlap."""
    found = []
    for name in sort_by:
        field = ORDERINGS.get(name.removeprefix("-"))
        if field:
            found.append(f"-{field}" if name.startswith("-") else field)
    return [*found, "pk"]
