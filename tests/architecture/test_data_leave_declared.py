"""What leaves a body leaves by a function that declares it.

The tests see routes, imports and constructors; what a function does with a value that it was handed they do not see.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.vocabulary import Body
from docs.bodies import access_rules, opened
from docs.tables import modules_of
from services.kit.egress import Egress, declarations

SERVICES = Path(__file__).resolve().parents[2] / "services"
BODIES = [body.value for body in Body]
PACKAGES = [*BODIES, "directives", "recovery", "succession", "contracts"]
WIRING = "app.py"
"""Builds connections and hands them on; the only module that may do so without a declaration."""

WAYS_OUT = ("httpx", "services.kit.http.Http", "services.gateway.clinic", "services.gateway.hospital")
BUILT_BY_EGRESS = {
    "ReleaseRequest": ["medical"],
    "ReleaseAnswer": ["directives", "identity", "oversight"],
    "ReadAnswer": ["medical"],
    "ReleasedParts": ["recovery", "identity", "oversight", "medical"],
    "CompartmentKeys": ["medical"],
    "Grants": ["medical"],
    "Presence": ["registry"],
    "Confirmed": ["registry"],
    "LookedUp": ["registry"],
    "BatchLookedUp": ["registry"],
    "ComparedIdentity": ["registry"],
    "MatchedIdentity": ["registry"],
    "Eligibility": ["registry"],
    "CompareIdentity": ["identity"],
    "MatchIdentity": ["identity"],
    "LinkedPatient": ["identity"],
    "SetApart": ["identity"],
    "WasSetApart": ["medical"],
    "ApartNotices": ["medical"],
    "RecallProgress": ["product_safety"],
    "Notice": [],
    "JobAnswer": ["research"],
    "AuditReport": ["contracts", *BODIES],
    "Leaves": ["contracts", *BODIES],
}
"""Messages that carry something out, and the packages in which nobody but a declared function builds them."""


def _declared(package: str) -> dict[str, Egress]:
    return {
        f"{module.__name__}.{name}": each
        for module in modules_of(f"services.{package}")
        for name, each in declarations(module).items()
    }


@pytest.fixture(scope="module")
def all_declared() -> dict[str, Egress]:
    return {name: each for package in PACKAGES for name, each in _declared(package).items()}


def test_every_declaration_says_everything(all_declared: dict[str, Egress]) -> None:
    for name, each in all_declared.items():
        assert all((each.to, each.fields, each.purpose, each.ground)), name


def test_route_that_answers_another_body_is_declared(tmp_path: Path, all_declared: dict[str, Egress]) -> None:
    with opened(tmp_path) as apps:
        rules = access_rules(apps)
    shared = {
        answer
        for package in ("directives", "recovery", "contracts")
        for each in _declared(package).values()
        for answer in each.answers
    }
    undeclared = [
        (body.value, f"{method} {path}")
        for body, found in rules.items()
        for (method, path), rule in found.items()
        if "body" in rule.kind or rule.kind == "accredited"
        if f"{method} {path}" not in shared
        and all(f"{method} {path}" not in each.answers for each in _declared(body.value).values())
    ]
    assert undeclared == []


def test_declared_route_exists(tmp_path: Path) -> None:
    with opened(tmp_path) as apps:
        rules = access_rules(apps)
    routes = {body.value: {f"{method} {path}" for method, path in found} for body, found in rules.items()}
    everywhere = set().union(*routes.values())
    for package in PACKAGES:
        for name, each in _declared(package).items():
            assert set(each.answers) <= routes.get(package, everywhere), name


def test_module_that_calls_out_does_it_in_declared_functions() -> None:
    found = []
    for package in PACKAGES[:-1]:
        for file in _files(package):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            ways = _ways_out(tree)
            if file.name == WIRING or not ways:
                continue
            for function in _functions(tree):
                used = {
                    node.id for part in function.body for node in ast.walk(part) if isinstance(node, ast.Name)
                }
                if used & ways and not _is_declared(function) and not _only_makes_connections(function):
                    found.append(f"{file.relative_to(SERVICES)}: {function.name} uses {sorted(used & ways)}")
    assert found == []


def test_what_carries_something_out_is_built_by_declared_functions_only() -> None:
    found = []
    for message, packages in BUILT_BY_EGRESS.items():
        for package in packages:
            for file in _files(package):
                if "fake" in file.name:
                    continue
                tree = ast.parse(file.read_text(encoding="utf-8"))
                found += [
                    f"{file.relative_to(SERVICES)}: {function.name} builds {message}"
                    for function in _functions(tree)
                    if _builds(function, message) and not _is_declared(function)
                ]
    assert found == []


def test_search_for_undeclared_senders_would_find_one() -> None:
    tree = ast.parse(
        "from services.contracts.medical.client import MedicalClient\ndef send():\n    MedicalClient(1)\n"
    )
    (function,) = _functions(tree)
    assert _ways_out(tree) == {"MedicalClient"}
    assert _builds(function, "MedicalClient")
    assert not _is_declared(function)


def _files(package: str) -> Iterator[Path]:
    for file in sorted((SERVICES / package).rglob("*.py")):
        if "migrations" not in file.parts:
            yield file


def _ways_out(tree: ast.Module) -> set[str]:
    """Return the names by which a module could reach another body."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names if each.name in WAYS_OUT}
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                client = each.name.endswith("Client") and (node.module or "").startswith("services.contracts")
                if client or f"{node.module}.{each.name}" in WAYS_OUT:
                    names.add(each.asname or each.name)
    return names


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_declared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "egress"
        for each in function.decorator_list
    )


def _only_makes_connections(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return function.name == "connect"


def _builds(function: ast.FunctionDef | ast.AsyncFunctionDef, message: str) -> bool:
    nested = {
        id(node)
        for inner in ast.walk(function)
        if inner is not function and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(inner)
    }
    return any(
        isinstance(node, ast.Call)
        and id(node) not in nested
        and getattr(node.func, "id", getattr(node.func, "attr", None)) == message
        for node in ast.walk(function)
    )
