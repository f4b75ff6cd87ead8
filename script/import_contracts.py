"""A contract of import-linter for layers with pages beside them, used by pyproject.toml.

Domain modules import downwards only. Pages (modules below ``web``, ``api`` and the other names in ``pages``)
may use the domain modules of any layer, because a page shows what several capabilities know. They never use
another package's pages, but for the modules listed as shared. So no import has to be ignored.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class LayersWithPages(Contract):
    """``layers`` from top to bottom, ``pages`` names of modules, ``shared_pages`` those others may use."""

    type_name = "layers_with_pages"

    layers = fields.ListField(subfield=fields.StringField())
    pages = fields.ListField(subfield=fields.StringField())
    shared_pages = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        layers: list[str] = list(self.layers)  # type: ignore[call-overload]  # a field gives its value
        pages: list[str] = list(self.pages)  # type: ignore[call-overload]
        shared: list[str] = list(self.shared_pages)  # type: ignore[call-overload]
        rank = {layer: number for number, layer in enumerate(reversed(layers))}

        def layer_of(module: str) -> str | None:
            return next(
                (layer for layer in layers if module == layer or module.startswith(f"{layer}.")), None
            )

        def is_page(module: str, layer: str) -> bool:
            return not set(module.removeprefix(layer).split(".")).isdisjoint(pages)

        def is_shared(module: str) -> bool:
            return any(module == name or module.startswith(f"{name}.") for name in shared)

        problems = []
        for importer in sorted(graph.modules):
            source = layer_of(importer)
            if source is None:
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                target = layer_of(imported)
                if target is None or (target == source and is_page(importer, source)):
                    continue
                if is_page(imported, target):
                    if not is_page(importer, source):
                        problems.append((importer, imported, "domain code uses a page"))
                    elif target != source and not is_shared(imported):
                        problems.append((importer, imported, "a page uses another package's page"))
                elif not is_page(importer, source) and rank[target] > rank[source]:
                    problems.append((importer, imported, "domain code looks upwards"))
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, reason in check.metadata["problems"]:
            output.print_error(f"{importer} -> {imported}: {reason}")
