"""The import contract for layers with pages refuses what it must, and the project keeps all contracts."""

from __future__ import annotations

import pytest
from grimp import ImportGraph

from script.import_contracts import LayersWithPages

MODULES = ("top", "top.services", "top.web", "bottom", "bottom.services", "bottom.web", "bottom.web.frame")


@pytest.mark.parametrize(
    ("importer", "imported", "reason"),
    [
        ("bottom.services", "top.services", "domain code looks upwards"),
        ("top.services", "top.web", "domain code uses a page"),
        ("bottom.services", "top.web", "domain code uses a page"),
        ("top.web", "bottom.web", "a page uses another package's page"),
        ("bottom.web", "top.web", "a page uses another package's page"),
    ],
)
def test_an_import_against_the_layers_breaks_the_contract(importer: str, imported: str, reason: str) -> None:
    assert problems((importer, imported)) == [(importer, imported, reason)]


def test_imports_along_the_layers_keep_the_contract() -> None:
    assert (
        problems(
            ("top.services", "bottom.services"),
            ("bottom.web", "top.services"),
            ("top.web", "top.services"),
            ("top.web", "bottom.web.frame"),
        )
        == []
    )


def problems(*imports: tuple[str, str]) -> list[tuple[str, str, str]]:
    graph = ImportGraph()
    for module in MODULES:
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    contract = LayersWithPages(
        name="test",
        session_options={"root_packages": ["top", "bottom"]},
        contract_options={
            "layers": ["top", "bottom"],
            "pages": ["web"],
            "shared_pages": ["bottom.web.frame"],
        },
    )
    found: list[tuple[str, str, str]] = contract.check(graph, verbose=False).metadata["problems"]
    return found
