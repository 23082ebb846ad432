"""The trust file of commands that verify offline, and what they say of a receipt."""

import os
from pathlib import Path
from typing import Final

import click

from consent.receipt_words import lines, title
from services.gateway.receipt_page import page
from services.gateway.receipts import Receipt, make_receipt, read_proof, verify_receipt
from services.kit.keys import replace_private
from services.kit.log.evidence import parse_trust

TRUST_VARIABLE: Final = "SEKISHO_TRUST"
trust_option = click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help=f"Trust file; default: ${TRUST_VARIABLE}, or trust.json beside the evidence.",
)
page_option = click.option("--html", type=click.Path(path_type=Path), help="Write it as a page, too.")


def trust_file(named: Path | None, evidence: Path) -> Path:
    """Return the trust file to verify with. Raises: ClickException when there is none."""
    chosen = named or Path(os.environ.get(TRUST_VARIABLE) or evidence.parent / "trust.json")
    if not chosen.exists():
        raise click.ClickException(f"{chosen} is missing; name a file of trusted keys with --trust")
    return chosen


def tell_made(file: Path, trust: Path, *, language: str, html: Path | None = None) -> Receipt | None:
    """Make the receipt that follows from a saved proof, and say what it is of; None where the file is no such proof.

    Raises: ReceiptError.
    """
    proof = read_proof(file.read_bytes())
    if proof is None:
        return None
    made = make_receipt(proof, parse_trust(trust.read_bytes()))
    _tell_checked(made, trust, language=language, html=html)
    return made


def tell_verified(file: Path, trust: Path, *, language: str, html: Path | None = None) -> None:
    """Verify a receipt and say what it is of. Raises: ReceiptError."""
    receipt = verify_receipt(file.read_bytes(), parse_trust(trust.read_bytes()))
    _tell_checked(receipt, trust, language=language, html=html)


def _tell_checked(receipt: Receipt, trust: Path, *, language: str, html: Path | None) -> None:
    tell(receipt, language=language, html=html)
    click.echo(f"✓ verified against the keys in {trust}")


def tell(receipt: Receipt, *, language: str, html: Path | None) -> None:
    """Say what a receipt is of, line by line."""
    click.echo(title(receipt.fact).of(language))
    for label, value in lines(receipt.fact):
        click.echo(f"  {label.of(language)}: {value.of(language)}")
    if html is not None:
        replace_private(html, page(receipt.fact, language).encode())
        click.echo(f"page saved: {html}")
