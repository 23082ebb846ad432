"""Checks 8 and 12: a person can prove who used what, and every changed byte is found."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from consent.compartments import YearSpan
from consent.vocabulary import Body, Category, Purpose
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import Inhabitant, Scene, medical_terms
from services.gateway.auditor import audit
from services.gateway.clinic import open_records
from services.gateway.errors import GatewayError
from services.gateway.history import history, save_evidence
from services.gateway.hospital import link
from services.gateway.wallet_actions import lay_down

EXPECTED = {
    ("clinic-b", "permitted", None),
    ("clinic-c", "refused", "no_permission"),
    ("clinic-b", "refused", "other_category"),
    ("clinic-b", "refused", "other_purpose"),
    ("clinic-b", "refused", "role_missing"),
    ("clinic-b", "refused", "withdrawn_in_flight"),
    ("clinic-b", "refused", "withdrawn"),
}


def provable_history(scene: Scene, steps: Steps) -> str:
    """Check 8: the history shows all of steps 5 and 6, proved; the saved evidence verifies offline."""
    steps.begin("fetching and verifying the history", None)
    told = history(scene.protagonist.person)
    seen = {
        (entry.organisation, entry.outcome, entry.reason)
        for entry in told.entries
        if entry.kind in ("records_read", "pseudonym_provided")
    }
    missing = EXPECTED - seen
    expect(not missing, f"the history does not show {sorted(map(str, missing))}")
    evidence = scene.layout.folder / "evidence.json"
    save_evidence(told.evidence, evidence)
    good = _verify_offline(evidence, scene.layout.trust)
    expect(good.returncode == 0, f"the saved evidence does not verify: {good.stdout}{good.stderr}")
    changed = scene.layout.folder / "evidence-changed.json"
    changed.write_text(evidence.read_text().replace("clinic-c", "clinic-x", 1))
    bad = _verify_offline(changed, scene.layout.trust)
    changed.unlink()
    expect(bad.returncode == 1, "evidence with one changed word verifies offline")
    bodies = sorted({entry.body for entry in told.entries})
    return (
        f"{len(told.entries)} entries of {', '.join(bodies)}, each with an inclusion proof under a checkpoint that the "
        f"oversight body or the ID centre co-signed; all {len(EXPECTED)} accesses and refusals are there; "
        "saved evidence verifies offline, and not with one word changed"
    )


def _verify_offline(evidence: Path, trust: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli", "verify", str(evidence), "--trust", str(trust)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ourselves


def tampering(scene: Scene, steps: Steps) -> str:
    """Check 12: one byte changed in a record, a directive, a log row, a checkpoint: each is detected and named."""
    steps.begin("changing single bytes", 4)
    inhabitant = next(
        each
        for each in scene.adults
        if each is not scene.protagonist and scene.of_category(each, Category.MEDICATION)
    )
    read, directive, document = _permitted(scene, inhabitant)
    expect(read(), "the read before tampering opened nothing")
    clean = [each for each in audit(scene.officials) if not each.clean]
    expect(not clean, f"the audit has findings before anything was changed: {clean[:2]}")
    database = scene.layout.body(Body.MEDICAL) / "database.sqlite"
    cases: list[tuple[str, str, str, object, Callable[[], object] | None]] = [
        ("document", "ciphertext", "id", document, read),
        ("directive", "content", "id", directive, read),
        ("log_leaf", "leaf", "position", 3, None),
        ("log_checkpoint", "note", "size", _newest_checkpoint(database), None),
    ]
    seen = []
    for table, column, key, value, use in cases:
        with _flipped(database, table, column, key=key, value=value):
            at_use = _error_of(use) if use else None
            named = [
                f"{each.table} {each.row}"
                for body in audit(scene.officials, bodies=[Body.MEDICAL])
                for each in body.findings
            ]
            expect(
                any(name.startswith(table) for name in named), f"the audit does not name {table}: {named[:3]}"
            )
            shown = next(name for name in named if name.startswith(table))
            seen.append(f"{shown.split('=')[0]}" + (f" (next use: {at_use})" if at_use else ""))
        steps.advance()
    expect(read(), "the read after restoring the bytes opened nothing")
    return f"audit named each changed row: {'; '.join(seen)}; nothing was released from changed rows"


def _permitted(scene: Scene, inhabitant: Inhabitant) -> tuple[Callable[[], object], str, str]:
    clinic = scene.organisation("clinic-b")
    records = scene.of_category(inhabitant, Category.MEDICATION)
    years = YearSpan(min(each.year for each in records), max(each.year for each in records))
    terms = medical_terms("clinic-b", categories=[Category.MEDICATION], years=years)
    permission = lay_down(inhabitant.person, terms)
    reference = link(clinic, inhabitant.person)
    category, purpose = frozenset({Category.MEDICATION}), Purpose.TREAT

    def read() -> object:
        return open_records(clinic, reference, categories=category, years=years, purpose=purpose)

    return read, permission.copies[Body.MEDICAL][0].id, inhabitant.documents[records[0].name]


def _error_of(use: Callable[[], object]) -> str:
    try:
        use()
    except GatewayError as error:
        return str(getattr(error, "code", type(error).__name__))
    raise CheckFailedError("a changed row was used as if nothing had happened")


def _newest_checkpoint(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        (size,) = connection.execute("SELECT max(size) FROM log_checkpoint").fetchone()
    connection.close()
    return int(size)


@contextmanager
def _flipped(database: Path, table: str, column: str, *, key: str, value: object) -> Iterator[None]:
    """Change one byte of one cell behind the body's back, and put it right again."""
    read = f'SELECT "{column}" FROM "{table}" WHERE "{key}" = ?'  # noqa: S608 - names are this module's own
    write = f'UPDATE "{table}" SET "{column}" = ? WHERE "{key}" = ?'  # noqa: S608 - names are this module's own
    connection = sqlite3.connect(database, timeout=30)
    try:
        (before,) = connection.execute(read, (value,)).fetchone()
        middle = len(before) // 2
        if isinstance(before, bytes):
            after: bytes | str = before[:middle] + bytes([before[middle] ^ 1]) + before[middle + 1 :]
        else:
            after = before[:middle] + ("A" if before[middle] != "A" else "B") + before[middle + 1 :]
        with connection:
            connection.execute(write, (after, value))
        yield
    finally:
        with connection:
            connection.execute(write, (before, value))
        connection.close()
