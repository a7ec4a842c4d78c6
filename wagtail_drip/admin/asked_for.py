"""What segments and sequences ask for is not deleted: who asks, and the refusal that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wagtail_drip.core.listed import listed
from wagtail_drip.sequences.models import Sequence, SequenceVersion

M = TypeVar("M", bound=Model)


def by_sequences(asks: Callable[[dict[str, Any]], bool]) -> list[str]:
    """Return the names of the sequences of whose flow, as it runs, *asks* is true."""
    versions = SequenceVersion.objects.filter(pk__in=Sequence.objects.values("runtime__version_id"))
    return [name for name, flow in versions.values_list("name", "flow") if asks(flow)]


def tests_of(kind: str, part: Any) -> Iterator[dict[str, Any]]:
    """Yield each test of this kind anywhere in a compiled flow."""
    if isinstance(part, dict):
        if part.get("kind") == kind:
            yield part
        for value in part.values():
            yield from tests_of(kind, value)
    elif isinstance(part, list):
        for value in part:
            yield from tests_of(kind, value)


def refuse(
    request: HttpRequest,
    instances: Iterable[Any],
    model: type[M],
    *,
    uses: Callable[[M], list[str]],
    back_to: str,
) -> HttpResponse | None:
    """
    Send back whoever would delete one of *model* that others ask for, with their names; None lets them go on.

    :param instances: what is to be deleted, of whatever kind.
    :param back_to: the name of the list's address.
    """
    for each in instances:
        if isinstance(each, model) and (named := uses(each)):
            messages.error(
                request,
                _("“%(name)s” is asked for by %(uses)s. Change that first.")
                % {"name": each, "uses": listed(f"“{name}”" for name in named)},
            )
            return redirect(back_to)
    return None
