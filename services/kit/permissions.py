"""Which roles may do what, by the files of `services/policies` (Cedar); whatever they do not permit is denied."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import cedarpy

from consent.vocabulary import Body

PACKAGE: Final = "services.policies"
SCHEMA, RULES, RECIPIENTS = "schema.cedarschema", "roles.cedar", "recipients.json"
_ROLES: Final = re.compile(r"entity Role enum \[(.*?)\]", re.DOTALL)
_ACTIONS: Final = re.compile(r"action\s+((?:\"[a-z-]+\",?\s*)+)appliesTo \{ principal: \[Role\]")
_SCOPES: Final = re.compile(r"entity Scope enum \[(.*?)\]", re.DOTALL)
_SCOPE_ACTIONS: Final = re.compile(r"action\s+((?:\"[a-z-]+\",?\s*)+)appliesTo \{ principal: \[Scope\]")
_NAME: Final = re.compile(r'"([a-z_-]+)"')

RoleSet = frozenset[str]


class PolicyFileError(Exception):
    """The policy files are not what their schema says; no body starts with them."""


@dataclass(frozen=True, slots=True)
class Policies:
    """One edition of the policies. `digest` names it, hexadecimal SHA-256 over its three files.

    `scopes` are what a terminal by itself can have, `scope_actions` what it does with them.
    Guarantees: an unknown role, scope, action, body or recipient is denied.
    """

    digest: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    scopes: tuple[str, ...]
    scope_actions: tuple[str, ...]
    _rules: cedarpy.PolicySet = field(repr=False)
    _schema: cedarpy.Schema = field(repr=False)
    _recipients: cedarpy.Entities = field(repr=False)
    _decided: dict[tuple[str, str, str], bool] = field(default_factory=dict, repr=False)
    _questions: frozenset[tuple[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = {(f'Role::"{role}"', action) for role in self.roles for action in self.actions}
        known |= {(f'Scope::"{scope}"', action) for scope in self.scopes for action in self.scope_actions}
        object.__setattr__(self, "_questions", frozenset(known))

    def permits(self, roles: Iterable[str], action: str, body: Body) -> bool:
        """Tell whether one of `roles` may do something at a body."""
        return any(self._decide(f'Role::"{role}"', action, f'Body::"{body.value}"') for role in roles)

    def roles_for(self, action: str, body: Body) -> tuple[str, ...]:
        """Return the roles that may do something at a body, in alphabetical order."""
        return tuple(sorted(role for role in self.roles if self.permits([role], action, body)))

    def lets(self, scopes: Iterable[str], action: str, body: Body) -> bool:
        """Tell whether a terminal by itself, with `scopes`, may do something at a body."""
        return any(self._decide(f'Scope::"{scope}"', action, f'Body::"{body.value}"') for scope in scopes)

    def scopes_for(self, action: str, body: Body) -> tuple[str, ...]:
        """Return the scopes by which a terminal may do something at a body, in alphabetical order."""
        return tuple(sorted(scope for scope in self.scopes if self.lets([scope], action, body)))

    def scopes_at(self, body: Body) -> frozenset[str]:
        """Return the scopes by which a terminal may do anything at all at a body."""
        return frozenset(scope for action in self.scope_actions for scope in self.scopes_for(action, body))

    def roles_of(self, recipient: str) -> RoleSet:
        """Return the roles that operators of a kind of organisation may have."""
        name = f'Recipient::"{recipient}"'
        return frozenset(role for role in self.roles if self._decide(name, "hold", f'Role::"{role}"'))

    def _decide(self, principal: str, action: str, resource: str) -> bool:
        asked = (principal, action, resource)
        known = self._decided.get(asked)
        if known is None:
            known = self._ask(*asked)
            # only what has an end is remembered: what is permitted, and refusals of names that the schema knows
            if known or (principal, action) in self._questions:
                self._decided[asked] = known
        return known

    def _ask(self, principal: str, action: str, resource: str) -> bool:
        request = {"principal": principal, "action": f'Action::"{action}"', "resource": resource}
        answer = cedarpy.is_authorized(request, self._rules, self._recipients, self._schema)
        return answer.allowed


def parse_policies(schema: str, rules: str, recipients: str) -> Policies:
    """Return one edition. Raises: PolicyFileError."""
    try:
        parsed = cedarpy.Schema.from_str(schema)
        found = cedarpy.validate_policies(rules, parsed)
        if not found:
            raise PolicyFileError("; ".join(str(each) for each in found.errors))
        digest = hashlib.sha256()
        for text in (schema, rules, recipients):
            digest.update(hashlib.sha256(text.encode()).digest())
        return Policies(
            digest=digest.hexdigest(),
            roles=tuple(_named(_ROLES, schema)),
            actions=tuple(_named(_ACTIONS, schema)),
            scopes=tuple(_named(_SCOPES, schema)),
            scope_actions=tuple(_named(_SCOPE_ACTIONS, schema)),
            _rules=cedarpy.PolicySet.from_str(rules),
            _schema=parsed,
            _recipients=cedarpy.Entities.from_json_str(recipients, parsed),
        )
    except ValueError as error:
        raise PolicyFileError(f"the policy files cannot be read: {error}") from error


@cache
def policies() -> Policies:
    """Return the edition that this program was installed with. Raises: PolicyFileError."""
    folder = files(PACKAGE)
    schema, rules, recipients = (
        (folder / name).read_text(encoding="utf-8") for name in (SCHEMA, RULES, RECIPIENTS)
    )
    return parse_policies(schema, rules, recipients)


def _named(list_of: re.Pattern[str], schema: str) -> list[str]:
    plain = re.sub(r"//[^\n]*", "", schema)
    return [name for found in list_of.findall(plain) for name in _NAME.findall(found)]
