"""Migrations build the class of a changed model alone, and the database has what the models say."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.management.commands import migrate
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState

from config.management.commands.migrate import Command
from config.migration_state import LeanExecutor, LeanState


def make_state(*more: ModelState) -> LeanState:
    """Return a state with shelves, and books that refer to them, of which the classes exist."""
    state = LeanState()
    state.add_model(ModelState("shop", "Shelf", [("id", models.AutoField(primary_key=True))]))
    state.add_model(
        ModelState(
            "shop",
            "Book",
            [
                ("id", models.AutoField(primary_key=True)),
                ("shelf", models.ForeignKey("shop.Shelf", models.CASCADE)),
            ],
        )
    )
    for model in more:
        state.add_model(model)
    assert state.apps
    return state


def get_classes(state: ProjectState) -> dict[str, type[models.Model]]:
    return {model.__name__: model for model in state.apps.get_models()}


def name_related(model: type[models.Model]) -> list[str]:
    return sorted(relation.related_model.__name__ for relation in model._meta.related_objects)


def test_a_field_an_index_and_options_concern_one_class() -> None:
    state = make_state()
    before = get_classes(state)

    state.add_field("shop", "shelf", "name", models.TextField(default=""), True)
    state.add_index("shop", "shelf", models.Index(fields=["name"], name="by_name"))
    state.alter_model_options("shop", "shelf", {"ordering": ["name"]})

    after = get_classes(state)
    assert [field.name for field in after["Shelf"]._meta.local_fields] == ["id", "name"]
    assert [index.name for index in after["Shelf"]._meta.indexes] == ["by_name"]
    assert after["Shelf"]._meta.ordering == ["name"]
    assert after["Book"] is before["Book"]
    assert name_related(after["Shelf"]) == ["Book"]

    state.remove_index("shop", "shelf", "by_name")

    assert get_classes(state)["Shelf"]._meta.indexes == []


def test_a_new_model_is_related_to_those_that_are_there() -> None:
    state = make_state()
    before = get_classes(state)

    book: models.ForeignKey[Any, Any] = models.ForeignKey("shop.Book", models.CASCADE)
    state.add_model(ModelState("shop", "Loan", [("id", models.AutoField(primary_key=True)), ("book", book)]))
    state.add_field("shop", "loan", "shelf", models.ForeignKey("shop.Shelf", models.CASCADE, null=True), True)

    after = get_classes(state)
    assert {name for name in after if after[name] is before.get(name)} == {"Shelf", "Book"}
    assert after["Loan"]._meta.get_field("shelf").related_model is after["Shelf"]
    assert (name_related(after["Book"]), name_related(after["Shelf"])) == (["Loan"], ["Book", "Loan"])


def test_python_code_of_a_migration_sees_classes_that_know_each_other() -> None:
    state = make_state()
    state.add_field("shop", "shelf", "name", models.TextField(default=""), True)

    seen = state.clone()
    seen.clear_delayed_apps_cache()  # as RunPython does

    classes = get_classes(seen)
    assert classes["Book"]._meta.get_field("shelf").related_model is classes["Shelf"]
    assert type(seen) is LeanState


def test_changed_fields_and_models_with_heirs_go_the_way_of_django() -> None:
    state = make_state(ModelState("shop", "Novel", [], bases=("shop.Book",)))
    before = get_classes(state)

    state.add_field("shop", "book", "title", models.TextField(default=""), True)
    after = get_classes(state)
    assert after["Novel"] is not before["Novel"]
    assert issubclass(after["Novel"], after["Book"])

    state.alter_field("shop", "shelf", "id", models.BigAutoField(primary_key=True), True)
    assert get_classes(state)["Book"]._meta.get_field("shelf").related_model is get_classes(state)["Shelf"]


@pytest.mark.django_db
def test_the_command_migrates_with_lean_states(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[type[MigrationExecutor]] = []
    monkeypatch.setattr(
        migrate.Command, "handle", lambda *_, **__: used.append(vars(migrate)["MigrationExecutor"])
    )
    monkeypatch.setattr(migrate, "MigrationExecutor", MigrationExecutor)

    Command().handle()

    assert used == [LeanExecutor]
    assert type(LeanExecutor(connection)._create_project_state()) is LeanState


# The database -----------------------------------------------------------------------------------------------


def describe_model(model: type[models.Model]) -> set[object]:
    """Return the columns of the model, where its foreign keys lead, and the names of its rules."""
    fields = model._meta.local_concrete_fields
    references = [field for field in fields if isinstance(field, models.ForeignKey)]
    keys = [field for field in references if vars(field)["db_constraint"]]
    return {
        *(field.column for field in fields),
        *((key.column, key.target_field.model._meta.db_table, key.target_field.column) for key in keys),
        *(("rule", rule.name) for rule in (*model._meta.constraints, *model._meta.indexes)),
    }


def describe_table(name: str) -> set[object]:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, name)
        rules = connection.introspection.get_constraints(cursor, name)
    return {
        *(column.name for column in columns),
        *((rule["columns"][0], *rule["foreign_key"]) for rule in rules.values() if rule["foreign_key"]),
        *(("rule", name) for name in rules),
    }


@pytest.mark.django_db
def test_every_table_has_the_columns_keys_and_rules_of_its_model() -> None:
    """The other way round it need not be: columns that triggers fill have no field."""
    missing = {
        model._meta.label: lacking
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and (lacking := describe_model(model) - describe_table(model._meta.db_table))
    }

    assert missing == {}
