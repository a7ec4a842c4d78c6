"""What every table of ours holds about people, as each room declares it in its ``about_people.py``."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.util import find_spec

from django.apps import apps
from django.db.models import Field

from wagtail_drip.core.personal_data import Held

ROOT = "wagtail_drip"


@cache
def held() -> tuple[Held, ...]:
    """Return every declaration, by the names of the tables."""
    found = [
        each for room in _rooms() for each in importlib.import_module(f"{ROOT}.{room}.about_people").HELD
    ]
    return tuple(sorted(found, key=lambda each: each.name))


def _rooms() -> list[str]:
    models = apps.get_app_config(ROOT).get_models(include_auto_created=True)
    rooms = sorted({model.__module__.split(".")[1] for model in models})
    return [room for room in rooms if find_spec(f"{ROOT}.{room}.about_people") is not None]


def of_people() -> list[Held]:
    """Return the declarations of tables in which somebody's rows are found."""
    return [each for each in held() if each.rows is not None]


def columns(each: Held) -> list[Field[object, object]]:
    return list(each.model._meta.concrete_fields)


def groups(each: Held) -> dict[str, list[str]]:
    """Return the columns that a declaration names, by the group in which they stand."""
    return {
        "personal": list(each.personal),
        "kept": list(each.kept),
        "scrubbed": list(each.scrubbed),
        "plain": each.plain.split(),
    }


def problems() -> list[str]:
    """Return in words what stands in no declaration, or in more than one place; [] is what a test demands."""
    found = []
    declared = {each.model: each for each in held()}
    for model in apps.get_app_config(ROOT).get_models(include_auto_created=True):
        room = model.__module__.split(".")[1]
        if model not in declared:
            found.append(f"{model.__name__}: declare it in {room}/about_people.py.")
            continue
        named = [name for names in groups(declared[model]).values() for name in names]
        real = {column.name for column in columns(declared[model])}
        found += [
            f"{model.__name__}.{name}: say in {room}/about_people.py whether it is personal."
            for name in sorted(real - set(named))
        ]
        found += [
            f"{model.__name__}.{name}: no such column, in {room}/about_people.py."
            for name in sorted(set(named) - real)
        ]
        found += [
            f"{model.__name__}.{name}: named twice, in {room}/about_people.py."
            for name in sorted(set(named))
            if named.count(name) > 1
        ]
    return found
