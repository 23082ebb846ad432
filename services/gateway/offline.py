"""Evidence that is no history: what bodies signed beside their logs, checked with the trust file alone."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from consent.vocabulary import Body
from services.contracts.oversight.register import ed25519
from services.contracts.released import Keys, UnprovenError, verify_wrong
from services.gateway.audit_reports import read_file, verify_file
from services.gateway.errors import NotVerifiedError
from services.gateway.withdrawing import WithdrawalFile, read_withdrawal, verify_withdrawal
from services.gateway.wrong_fragments import read_shown
from services.kit.log.evidence import TrustFile, parse_trust


def trusted_keys(trust_file: Path) -> Keys:
    """Return the keys by which bodies sign what they state. Raises: NotVerifiedError."""
    try:
        trust = TrustFile.model_validate_json(trust_file.read_bytes())
    except ValidationError as error:
        raise NotVerifiedError(f"{trust_file} is no trust file; restore it") from error

    def key(body: Body) -> Ed25519PublicKey:
        if body.value not in trust.signing_keys:
            raise NotVerifiedError(f"{trust_file} holds no signing key of {body.value}; take one that does")
        return ed25519(trust.signing_keys[body.value])

    return key


def verify_other(file: Path, trust_file: Path) -> list[str] | None:
    """Verify evidence that is no history, and say what it shows; None where the file is a history.

    Raises: NotVerifiedError, saying what is false.
    """
    raw = file.read_bytes()
    withdrawal = read_withdrawal(raw)
    if withdrawal is not None:
        return _withdrawal(withdrawal, trust_file)
    report = read_file(raw)
    if report is not None:
        return verify_file(report, parse_trust(trust_file.read_bytes()), keys=trusted_keys(trust_file))
    shown = read_shown(raw)
    if shown is None:
        return None
    try:
        proven = verify_wrong(shown, keys=trusted_keys(trust_file))
    except UnprovenError as error:
        raise NotVerifiedError(f"this shows nothing: {error}") from error
    what = "passed on what the second body did not sign"
    if proven.handed_out is not None:
        what = f"handed out a wrong fragment for bundle {proven.handed_out.bundle}"
    return [f"✓ the {proven.body.value} body {what}: its own signature shows it"]


def _withdrawal(file: WithdrawalFile, trust_file: Path) -> list[str]:
    found = verify_withdrawal(file, keys=trusted_keys(trust_file))
    lines = [
        f"✓ {each.body.value:10} deleted {each.fragments_deleted} fragments at "
        f"{each.withdrawn_at:%Y-%m-%d %H:%M:%S} UTC, entry {each.log.index} of its log"
        for each in found
    ]
    lines += [f"! {body.value:10} gave no receipt" for body in file.missing]
    return [*lines, f"{len(found)} deletion receipts verified against the keys in {trust_file}"]
