"""The generated pages as Markdown, from what the code declares."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from consent.lifecycle import MEANINGS, Step, diagram
from consent.purposes import TERMS, coding
from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, roles_of
from services.kit.access import AccessRule
from services.kit.egress import Egress, declarations
from services.kit.permissions import policies
from services.kit.settings import CONFIG_VARIABLE, BodySettings
from services.serve import settings_class

SHARED: Final = {
    "contracts": "every body",
    "directives": "bodies that keep directives",
    "recovery": "bodies that keep a part of wallets",
}
"""Packages whose egress is part of several bodies."""


class UndeclaredError(Exception):
    """Something has no declaration that a generated page needs; the message names it."""


def settings_page() -> str:
    """Return one table of settings for every body."""
    parts = [
        "# Settings",
        f"A body reads `SEKISHO_<BODY>_<NAME>` from its environment first, then `<name>` in the table `[<body>]` or "
        f"`[common]` of the TOML file that `{CONFIG_VARIABLE}` names, then takes the default. An unknown name in the "
        "file or a value out of range stops the start with one line that names it. `sekisho up` and `sekisho demo` set "
        "what has no default. Besides the bodies' settings the command line reads `SEKISHO_PIN_AUTHENTICATION`, "
        "`SEKISHO_PIN_SIGNATURE` (else it asks) and `SEKISHO_TRUST` (`sekisho verify`).",
        "## Every body",
        _settings_table("<BODY>", BodySettings.model_fields.items()),
    ]
    for body in Body:
        own = {
            name: each
            for name, each in settings_class(body).model_fields.items()
            if name not in BodySettings.model_fields
        }
        parts.append(f"## {body.value}")
        parts.append(_settings_table(body.value.upper(), own.items()) if own else "Nothing of its own.")
    return _join(parts)


def _settings_table(prefix: str, settings: Iterable[tuple[str, FieldInfo]]) -> str:
    rows = []
    for name, each in settings:
        if not each.description:
            raise UndeclaredError(f"the setting {prefix.lower()}.{name} has no description")
        rows.append((f"`SEKISHO_{prefix}_{name.upper()}`", f"`{name}`", _default(each), each.description))
    return _table(("environment", "TOML", "default", "meaning"), rows)


def _default(setting: FieldInfo) -> str:
    default: Any = setting.default
    if default is PydanticUndefined:
        return "must be set"
    return "—" if default in (None, "") else f"`{default}`"


def columns_page() -> str:
    """Return every stored column of every body. Raises: UndeclaredError for one that says nothing."""
    parts = [
        "# Stored columns",
        "Every column of every body's database (R12): in the clear and why, or sealed and what it holds. *Sealed* is "
        "AES-256-GCM bound to table, column and row, or AES-SIV for look-ups, under a key that is not in the database; "
        "*by the writer* means that the body itself has no key for it. *Person* marks what stands for a person: "
        "the body's own pseudonym, which no other body stores. The product safety centre's workflow engine keeps a "
        "database of its own beside this one; it holds ids of recalls and counts of steps.",
    ]
    for body in Body:
        parts.append(f"## {body.value}")
        parts.append(_table(("table", "column", "stored", "why or what", "person"), _columns(body)))
    return _join(parts)


def _columns(body: Body) -> Iterator[Sequence[str]]:
    for table in sorted(_module(body, "tables").metadata.tables.values(), key=lambda each: each.name):
        for column in table.columns:
            if column.info.get("stored") not in ("clear", "sealed") or not column.info.get("why"):
                raise UndeclaredError(f"{body.value}: the column {table.name}.{column.name} says nothing")
            person = "person" if column.info["person"] else ""
            yield f"`{table.name}`", f"`{column.name}`", column.info["stored"], column.info["why"], person


def egress_page() -> str:
    """Return what leaves each body."""
    parts = [
        "# Data flow",
        "What leaves a body, as the functions that let it out declare (`services/kit/egress.py`). A route "
        "that answers another body and a module that calls one must have a declaration "
        "(`tests/architecture/test_data_leave_declared.py`).",
    ]
    for heading, modules in _egress_modules():
        rows = [
            (each.to, f"`{_code(module)}.{name}`", each.fields, each.purpose, each.ground, _routes(each))
            for module in modules
            for name, each in declarations(module).items()
        ]
        header = ("to", "function", "fields", "purpose", "ground", "answers")
        parts += [f"## {heading}", _table(header, rows) if rows else "Nothing of its own."]
    return _join(parts)


def _egress_modules() -> Iterator[tuple[str, list[ModuleType]]]:
    for package, heading in SHARED.items():
        yield heading.capitalize(), modules_of(f"services.{package}")
    for body in Body:
        yield body.value, modules_of(f"services.{body.value}")


def modules_of(package: str) -> list[ModuleType]:
    """Return a package's modules, its migrations left out."""
    found = import_module(package)
    names = sorted(each.name for each in pkgutil.walk_packages(found.__path__, f"{package}."))
    return [import_module(name) for name in names if ".migrations" not in name]


def _routes(declared: Egress) -> str:
    return ", ".join(f"`{each}`" for each in declared.answers) or "—"


def _code(module: ModuleType) -> str:
    return module.__name__.removeprefix("services.")


def lifecycle_page() -> str:
    """Return the life of a directive."""
    return _join(
        [
            "# The life of a directive",
            "At one body, for permissions and refusals alike; the table is `consent.lifecycle.TRANSITIONS`, and every "
            "change of a directive is a step of it. A copy is stored only when it is taken in, so rows are `active`, "
            "`withdrawn` or `lapsed`; an active one past its end is shown and decided upon as `expired`, and its row "
            "stays. What is withdrawn stays so: whoever wants it again lays it down anew.",
            f"```mermaid\n{diagram()}```",
            _table(("step", "what it is"), [(step.value, MEANINGS[step]) for step in Step]),
        ]
    )


def purposes_page() -> str:
    """Return every purpose with its codes and words."""
    rows = [
        (
            f"`{purpose.value}`",
            terms.word.ja,
            terms.word.en,
            "" if terms.hl7 is None else f"`{terms.hl7}`",
            f"<{terms.dpv}>",
            f"`{coding(purpose)[0]}`",
            terms.serves,
        )
        for purpose, terms in TERMS.items()
    ]
    header = ("name", "Japanese", "English", "HL7 v3 PurposeOfUse", "DPV", "code system in FHIR", "serves")
    return _join(
        [
            "# Purposes",
            "What data may be used for: the closed list `consent.purposes.TERMS`, which directives, statements, the "
            "log, FHIR Consent and AuditEvent, AuthZEN, receipts and My Portal share. A purpose is never wider than "
            "its name: a permission for one covers no other. The DPV term is the nearest there is and may be wider, "
            "so it is never read back. Anything else is refused with the code `unknown_purpose`.",
            _table(header, rows),
        ]
    )


def permissions_page(rules: Mapping[Body, Mapping[tuple[str, str], AccessRule]]) -> str:
    """Return who may call what, and the whole matrix of the policies."""
    parts = [
        "# Permissions",
        "Who may call which route, read from the applications themselves; a route that declares nothing stops its body "
        "from starting. *open*: no credential (but every port except the portal's wants an accredited client "
        "certificate in the handshake). *operator*: a DPoP-bound token of an operator with one of the roles that "
        "[the policies](../services/policies/roles.cedar) permit the action; with no action named the use case asks "
        "the policies itself, so that a refusal stands in the person's history. *person*: the person's own token, "
        "and no guardian's; *person or guardian*: either, as [the rule table](guardians.md) says. "
        "*body*: the certificate of one of the bodies. *accredited*: any of these. *terminal*: the token of an "
        "accredited terminal by itself (`client_credentials`), with one of the scopes that the policies permit the "
        "action; no other route admits it.",
        "## Roles, actions and bodies",
        "Everything that the policies permit; every other combination of role, action and body is denied, and so is "
        "whatever is not on this page.",
        _matrix(),
        "## Scopes of a terminal by itself",
        "What a terminal may do without an operator's card; nothing of it is about a person.",
        _scopes(),
        "## Roles by kind of organisation",
        _table(("kind", "roles"), [(kind.value, ", ".join(sorted(roles_of(kind)))) for kind in Kind]),
    ]
    for body, found in rules.items():
        rows = [
            (method, f"`{path}`", rule.kind, ", ".join(rule.actions), ", ".join(rule.names))
            for (method, path), rule in sorted(found.items(), key=lambda entry: (entry[0][1], entry[0][0]))
        ]
        parts += [
            f"## {body.value}",
            _table(("method", "path", "who", "action", "roles, scopes or bodies"), rows),
        ]
    return _join(parts)


def _matrix() -> str:
    edition = policies()
    rows = [
        (
            action,
            body.value,
            *("yes" if edition.permits([role], action, body) else "" for role in edition.roles),
        )
        for action in edition.actions
        for body in Body
        if edition.roles_for(action, body)
    ]
    return _table(("action", "body", *edition.roles), rows)


def _scopes() -> str:
    edition = policies()
    rows = [
        (
            action,
            body.value,
            *("yes" if edition.lets([scope], action, body) else "" for scope in edition.scopes),
        )
        for action in edition.scope_actions
        for body in Body
        if edition.scopes_for(action, body)
    ]
    return _table(("action", "body", *edition.scopes), rows)


def _module(body: Body, name: str) -> ModuleType:
    return import_module(f"services.{body.value}.{name}")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
