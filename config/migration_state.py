"""Makes migrations quick: a change of one model builds that model's class again, not all around it.

Django builds every class that is related to a changed model, directly or through others. Here nearly all
refer to users or workspaces, so that each of some 300 operations built 50 to 140 classes: three quarters of
the time of a first start. What an operation asks of the database needs the changed class alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field


class LeanState(ProjectState):
    """A state in which a new model, a new field and a change of options concern the class of one model.

    Other classes may then still refer to the former class of that model. Django calls this delayed, and
    builds all of them before Python code of a migration sees them. Everything else (a changed, renamed or
    removed field, a renamed model or table) goes Django's way.
    """

    _is_one_model = False

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        if "apps" not in self.__dict__ or not self._is_one_model or self._has_heirs(app_label, model_name):
            super().reload_model(app_label, model_name, delay)
            return
        self.is_delayed = True
        self._reload({(app_label, model_name)})  # type: ignore[attr-defined]  # not in the stubs

    def clone(self) -> ProjectState:
        state = super().clone()
        state.__class__ = LeanState
        return state

    def _has_heirs(self, app_label: str, model_name: str) -> bool:
        """Whether a model inherits from the model, whose class would keep the former one as its base."""
        name = f"{app_label}.{model_name}"
        return any(
            isinstance(base, str) and base.lower() == name
            for model in self.models.values()
            for base in model.bases
        )

    @contextmanager
    def _change_one_model(self) -> Iterator[None]:
        self._is_one_model = True
        try:
            yield
        finally:
            self._is_one_model = False

    def add_model(self, model_state: ModelState) -> None:
        with self._change_one_model():
            super().add_model(model_state)

    def add_field(
        self, app_label: str, model_name: str, name: str, field: Field[Any, Any], preserve_default: bool
    ) -> None:
        with self._change_one_model():
            super().add_field(app_label, model_name, name, field, preserve_default)

    def alter_model_options(
        self,
        app_label: str,
        model_name: str,
        options: dict[str, Any],
        option_keys: Iterable[str] | None = None,
    ) -> None:
        if "db_table" in options:
            super().alter_model_options(app_label, model_name, options, option_keys)
            return
        with self._change_one_model():
            super().alter_model_options(app_label, model_name, options, option_keys)

    # Indexes and constraints are options, too.

    def _append_option(self, *args: Any) -> None:
        with self._change_one_model():
            super()._append_option(*args)  # type: ignore[misc]  # not in the stubs

    def _remove_option(self, *args: Any) -> None:
        with self._change_one_model():
            super()._remove_option(*args)  # type: ignore[misc]  # not in the stubs


class LeanExecutor(MigrationExecutor):
    def _create_project_state(self, with_applied_migrations: bool = False) -> ProjectState:
        state: ProjectState = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]  # not in the stubs
        state.__class__ = LeanState  # what it has is the same, and no operation has run
        return state
