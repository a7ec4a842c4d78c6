"""What import-linter cannot see of the tables: a foreign key is an import in the database."""

from __future__ import annotations

from collections import Counter

from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from tests.architecture.house import floors
from wagtail_drip import models as letterbox


def our_models() -> list[type[Model]]:
    return list(apps.get_app_config("wagtail_drip").get_models(include_auto_created=True))


def room_of(model: type[Model]) -> str:
    return model.__module__.split(".")[1]


def test_foreign_keys_point_down_and_never_to_a_room_on_the_same_floor() -> None:
    floor = floors()
    wrong = []
    for model in our_models():
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and field.concrete else None
            if not isinstance(target, type) or not target.__module__.startswith("wagtail_drip."):
                continue
            if room_of(target) != room_of(model) and floor[room_of(target)] >= floor[room_of(model)]:
                wrong.append(f"{model.__name__}.{field.name} points at {room_of(target)}.{target.__name__}")

    assert wrong == []


def test_names_of_tables_are_unique_over_all_rooms() -> None:
    names = Counter(model.__name__ for model in our_models())

    assert [name for name, count in names.items() if count > 1] == []


def test_the_letterbox_hands_out_every_model() -> None:
    assert sorted(letterbox.__all__) == sorted(model.__name__ for model in our_models())
    assert all(getattr(letterbox, model.__name__) is model for model in our_models())


def test_contrib_apps_have_no_tables() -> None:
    ours = [config for config in apps.get_app_configs() if config.name.startswith("wagtail_drip.contrib.")]

    assert {config.label: [m.__name__ for m in config.get_models()] for config in ours} == {
        config.label: [] for config in ours
    }


def test_the_history_has_one_end() -> None:
    loader = MigrationLoader(None)

    assert len(loader.graph.leaf_nodes("wagtail_drip")) == 1


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", "wagtail_drip", check=True, dry_run=True, verbosity=1)
