"""Lists of contacts handed out as files: every one is logged, none grows in memory, no cell is run as a formula."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_drip.admin import safe_cells
from wagtail_drip.admin.contacts import bought
from wagtail_drip.contacts import phone, querysets
from wagtail_drip.contacts.models import Contact

LOGGED = "wagtail_drip.export_contacts"
CHUNK = 2000
MOST_ROWS = 1_048_575  # of a sheet, below its header


def in_chunks(contacts: QuerySet[Contact], *, size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield *contacts* by their primary keys, so many at a time: memory does not grow, whatever the database."""
    last = 0
    while chunk := list(contacts.order_by("pk").filter(pk__gt=last)[:size]):
        yield chunk
        last = chunk[-1].pk


def rows(contacts: QuerySet[Contact], *, shows_numbers: bool) -> Iterator[list[Any]]:
    """Yield the file's rows, its header first. *contacts* carries what the list shows of them."""
    yield [
        _("First name"),
        _("Last name"),
        _("Phone"),
        _("E-mail"),
        _("Country"),
        _("Language"),
        _("Time zone"),
        _("Tags"),
        _("Marketing texts"),
        _("Known since"),
        _("Orders"),
        _("Spent"),
        _("Currency"),
        _("Last order"),
    ]
    answers = {None: _("Never asked"), True: _("Agreed"), False: _("Said no")}
    for chunk in in_chunks(contacts):
        tags = querysets.tags([each.pk for each in chunk])
        for each in chunk:
            yield [
                each.first_name,
                each.last_name,
                each.phone if shows_numbers else phone.mask(each.phone),
                each.email,
                each.region,
                each.language,
                each.zone,
                ", ".join(sorted(tags.get(each.pk, ()))),
                answers[each.marketing_granted],
                each.created_at.date().isoformat(),
                bought.orders(each),
                "" if each.spent is None else f"{each.spent:.2f}",
                each.spent_in or "",
                last.date().isoformat() if (last := bought.last_order(each)) else "",
            ]


def answer(
    contacts: QuerySet[Contact], kind: str, *, user: Any, filters: list[str], shows_numbers: bool
) -> HttpResponseBase:
    """
    Return *contacts* as a file, and note in the log who took it, how many it holds and by what it was narrowed.

    :param filters: their names; what was searched for may be somebody's number and stays out of the log.
    """
    number = contacts.count()
    log(
        instance=user,
        action=LOGGED,
        user=user,
        data={"number": number, "format": kind, "filters": sorted(filters)},
    )
    # A sheet ends where it ends; a text does not.
    response: HttpResponseBase
    if kind == "csv" or number > MOST_ROWS:
        response = StreamingHttpResponse(
            safe_cells.csv_lines(rows(contacts, shows_numbers=shows_numbers)),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = 'attachment; filename="contacts.csv"'
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- the response closes it
        safe_cells.write_xlsx(rows(contacts, shows_numbers=shows_numbers), file)
        file.seek(0)
        response = FileResponse(file, as_attachment=True, filename="contacts.xlsx")
    response["Cache-Control"] = "no-store"
    return response
