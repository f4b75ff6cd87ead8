"""The files that hosted services read: workflow, dependency updates, issue templates, pre-commit hooks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
SUPPORTED_PYTHONS = {"3.11", "3.12", "3.13", "3.14"}
FIELD_TYPES = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def workflow_job() -> dict[str, Any]:
    (job,) = read_yaml(GITHUB / "workflows" / "ci.yml")["jobs"].values()
    return dict(job)


def test_the_workflow_runs_all_checks_on_each_supported_python() -> None:
    job = workflow_job()

    assert set(job["strategy"]["matrix"]["python"]) == SUPPORTED_PYTHONS
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]
    assert (job["timeout-minutes"], job["strategy"]["fail-fast"]) == (60, False)


def test_the_workflow_has_least_permissions_and_pins_its_actions() -> None:
    workflow = read_yaml(GITHUB / "workflows" / "ci.yml")
    uses = [step["uses"] for step in workflow_job()["steps"] if "uses" in step]

    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow_job()
    assert [action for action in uses if not re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", action)] == []


def test_the_oldest_supported_python_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = min(SUPPORTED_PYTHONS, key=lambda version: int(version.split(".")[1]))

    assert project["requires-python"] == f">={oldest}"


def test_the_newest_release_of_the_changelog_is_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    releases = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )

    assert releases[0] == project["version"]


def test_the_licence_is_the_one_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "Licensed under the Apache License, Version 2.0" in text


def test_dependency_updates_are_weekly_and_grouped() -> None:
    updates = read_yaml(GITHUB / "dependabot.yml")["updates"]

    assert {"pip", "github-actions", "docker"} <= {update["package-ecosystem"] for update in updates}
    assert {update["schedule"]["interval"] for update in updates} == {"weekly"}
    assert [update for update in updates if not update["groups"]] == []


@pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
def test_an_issue_template_is_a_form(name: str) -> None:
    form = read_yaml(GITHUB / "ISSUE_TEMPLATE" / name)

    assert set(form) == {"name", "description", "labels", "body"}
    assert {field["type"] for field in form["body"]} <= FIELD_TYPES
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_pre_commit_hooks_run_the_pinned_tools_and_download_nothing() -> None:
    (repository,) = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")
        assert f'check "{hook["name"]}"' in checks, "a hook must be one of the checks of .ci/run"
