"""Sentences about problems of a JSON answer or a JSON schema: where, and what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from gpts.llm.runtime.outputs import SchemaProblem

PATH_LENGTH = 120


def describe_schema_problem(problem: SchemaProblem) -> str:
    """Return why a schema cannot be used, with the place in it."""
    place = problem.path[:PATH_LENGTH]
    line, _colon, column = place.partition(":")
    sentences = {
        "not_json": _(
            "This is not JSON: line %(line)s, column %(column)s. Check commas, quotes and brackets."
        )
        % {"line": line or "1", "column": column or "1"},
        "not_object": _("A JSON schema is an object: it begins with { and ends with }."),
        "too_big": _("This schema is too long. Up to %(limit)s characters fit.") % {"limit": problem.detail},
        "too_deep": _("This schema is nested too deeply. Up to %(limit)s levels fit.")
        % {"limit": problem.detail},
        "too_many": _("This schema has too many parts. Up to %(limit)s fit.") % {"limit": problem.detail},
        "number": _("At “%(place)s”: write a number that JSON knows.") % {"place": place or "$"},
        "characters": _("At “%(place)s”: a character is broken. Type it anew.") % {"place": place or "$"},
        "reference": _("At “%(place)s”: “%(detail)s” points to nothing inside this schema.")
        % {"place": place, "detail": problem.detail},
        "keyword": _("At “%(place)s”: the keyword “%(detail)s” is not supported here.")
        % {"place": place, "detail": problem.detail},
        "pattern": _("At “%(place)s”: “%(detail)s” is not a regular expression that can be used.")
        % {"place": place, "detail": problem.detail},
        "invalid": _("Not a JSON schema at “%(place)s”: %(detail)s.")
        % {"place": place or "$", "detail": problem.detail},
    }
    return sentences[problem.code]


def describe_output_problem(problem: dict[str, Any]) -> str:
    """Return one problem of an answer, given as stored in Message.tools: {"code", "path", "detail"}."""
    code, detail = str(problem.get("code", "")), str(problem.get("detail", ""))
    place = str(problem.get("path", "")) or "$"
    line, _colon, column = detail.partition(":")
    sentences = {
        "not_json": _("It is not JSON: reading stops at line %(line)s, column %(column)s.")
        % {"line": line or "1", "column": column or "1"},
        "too_deep": _("It is nested too deeply to be shown."),
        "too_complex": _("Checking it against the schema would take too long."),
        "required": _("“%(place)s” lacks “%(detail)s”.") % {"place": place, "detail": detail},
        "type": _("“%(place)s” should be of the type %(detail)s.") % {"place": place, "detail": detail},
        "enum": _("“%(place)s” should be one of: %(detail)s.") % {"place": place, "detail": detail},
        "additionalProperties": _("“%(place)s” has what the schema does not know: %(detail)s.")
        % {"place": place, "detail": detail},
    }
    other = _("“%(place)s” does not keep the rule “%(rule)s” (%(detail)s).") % {
        "place": place,
        "rule": code,
        "detail": detail,
    }
    return sentences.get(code, other)
