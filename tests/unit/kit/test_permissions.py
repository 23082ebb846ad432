"""The policies: closed lists, and no to everything that they do not name."""

import json
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role, roles_of
from services.kit.permissions import (
    PACKAGE,
    RECIPIENTS,
    RULES,
    SCHEMA,
    PolicyFileError,
    parse_policies,
    policies,
)

INSTALLED = policies()


def texts() -> tuple[str, str, str]:
    """Return the three files."""
    schema, rules, recipients = (
        (files(PACKAGE) / name).read_text(encoding="utf-8") for name in (SCHEMA, RULES, RECIPIENTS)
    )
    return schema, rules, recipients


def test_the_lists_of_roles_and_recipients_are_the_programs() -> None:
    assert set(INSTALLED.roles) == set(Role)
    assert {each["uid"]["id"] for each in json.loads(texts()[2])} == set(Kind)


def test_every_role_is_held_by_some_kind_and_does_something_somewhere() -> None:
    for role in Role:
        assert any(role in roles_of(kind) for kind in Kind)
        assert any(
            INSTALLED.permits([role], action, body) for action, body in product(INSTALLED.actions, Body)
        )


def test_every_action_is_permitted_somebody() -> None:
    for action in INSTALLED.actions:
        assert any(INSTALLED.roles_for(action, body) for body in Body), action


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(Body))
def test_unknown_roles_and_actions_are_denied(role: str, action: str, body: Body) -> None:
    if role not in INSTALLED.roles:
        assert not any(INSTALLED.permits([role], known, body) for known in INSTALLED.actions)
        assert INSTALLED.roles_of(role) == (frozenset() if role not in set(Kind) else roles_of(Kind(role)))
    if action not in INSTALLED.actions:
        assert not INSTALLED.permits(INSTALLED.roles, action, body)


@pytest.mark.parametrize("role", ['registrar"', 'x" || "registrar', "Registrar", "registrar ", "ｒegistrar"])
def test_a_name_that_only_looks_like_a_role_is_denied(role: str) -> None:
    assert not INSTALLED.permits([role], "keep-residents", Body.REGISTRY)


def test_nobody_without_a_role_may_do_anything() -> None:
    assert not any(INSTALLED.permits([], action, body) for action, body in product(INSTALLED.actions, Body))


def test_a_new_role_and_a_new_action_are_denied_until_a_policy_permits_them() -> None:
    """J4, C12: deny by default for anything new."""
    schema, rules, recipients = texts()
    newer = schema.replace('"auditor",', '"auditor", "inspector",').replace('"audit"\n', '"audit", "seal"\n')
    edition = parse_policies(newer, rules, recipients)
    assert "inspector" in edition.roles
    assert "seal" in edition.actions
    assert not any(edition.permits(["inspector"], each, body) for each in edition.actions for body in Body)
    assert not any(edition.permits(edition.roles, "seal", body) for body in Body)
    more = rules + (
        '\npermit (principal == Role::"inspector", action == Action::"seal", resource == Body::"medical");'
    )
    assert parse_policies(newer, more, recipients).roles_for("seal", Body.MEDICAL) == ("inspector",)


def test_a_recipient_without_the_attribute_has_no_role() -> None:
    schema, rules, recipients = texts()
    optional = schema.replace("roles: Set<Role>", "roles?: Set<Role>")
    guarded = rules.replace("principal.roles.contains", "principal has roles && principal.roles.contains")
    bare = json.dumps([{**each, "attrs": {}} for each in json.loads(recipients)])
    edition = parse_policies(optional, guarded, bare)
    assert all(edition.roles_of(kind) == frozenset() for kind in Kind)
    with pytest.raises(PolicyFileError):
        parse_policies(schema, rules, bare)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('Role::"registrar"', 'Role::"mayor"'),
        ('Action::"audit"', 'Action::"peek"'),
        ("permit (", "permit"),
        ("principal.roles", "principal.duties"),
    ],
)
def test_policies_that_do_not_fit_the_schema_are_no_edition(old: str, new: str) -> None:
    schema, rules, recipients = texts()
    with pytest.raises(PolicyFileError):
        parse_policies(schema, rules.replace(old, new, 1), recipients)


def test_every_change_of_a_file_is_another_edition() -> None:
    schema, rules, recipients = texts()
    changed = [(schema + "\n", rules, recipients), (schema, rules + "\n", recipients)]
    changed.append((schema, rules, recipients + "\n"))
    digests = {INSTALLED.digest, *(parse_policies(*each).digest for each in changed)}
    assert len(digests) == 4
    assert parse_policies(schema, rules, recipients).digest == INSTALLED.digest
