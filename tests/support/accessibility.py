"""Accessibility checks with axe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
# A colour on its way from one theme to the other is neither: wait until all have arrived.
SETTLED = """() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))).then(() =>
  Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished)))"""
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}  # all that a theme can change


def find_barriers(page: Page, axe: Axe, options: dict[str, Any]) -> Iterator[str]:
    for violation in axe.run(page, options=options).response["violations"]:
        if violation["impact"] in ("serious", "critical"):
            yield f"{page.url} {violation['id']}: {[node['html'][:120] for node in violation['nodes'][:2]]}"
