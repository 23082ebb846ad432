"""Guardians and wards: at the municipality's counter, and as people act for others (`as-guardian`)."""

from pathlib import Path
from typing import Final

import click

from consent.conditions import Conditions
from consent.guardians import CAPACITIES, STATES, Capacity
from consent.identifiers import OrganisationId
from consent.terms import Effect
from consent.words import Word, terms_in_words
from services.commands import own_records, permitting, person, receipts, simulating
from services.commands.deaths import correct_death, death, digest_of, document_option
from services.commands.failures import told
from services.commands.options import IdCommand, Said, gathered
from services.commands.organisation import EXISTING, as_option, reference_option
from services.commands.permitting import ACCEPTED, numbered
from services.commands.person import card_option, pin_variable, signing
from services.commands.renewing import tell_code, tell_renewed
from services.commands.resident_options import items_options
from services.commands.supervisors import show
from services.commands.wishes import (
    BOUND,
    NARROWED,
    TO,
    Screen,
    Wish,
    bound_to,
    language_option,
    permitted_wish,
)
from services.contracts.identity.guardianships import (
    Evidence,
    GuardianshipView,
    RegisterGuardianship,
)
from services.contracts.identity.messages import Application
from services.gateway import guardians as gateway
from services.gateway.approvals import approve, read_approval
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.errors import CardFileError
from services.gateway.organisation import Organisation
from services.gateway.renewal import renew_wallet
from services.gateway.wallet_actions import lay_down, withdraw_copies
from services.gateway.wallet_actions import permissions as fetch_permissions
from services.kit.keys import replace_private

SEEN: Final = {
    "guardian": Word("あなたが代理", "you act"),
    "ward": Word("あなたの代理", "acts for you"),
    "municipality": Word("代理", "acts"),
}
ENDED: Final = Word("終了", "ended")
CONFIRMED: Final = Word("改めて許可しました: {0}", "permitted anew: {0}")
ward_option = click.option("--ward", required=True, type=EXISTING, help="The ward's file.")
evidence_option = click.option(
    "--evidence", required=True, type=click.Choice([each.value for each in Evidence]), help="What was shown."
)
capacity_option = click.option(
    "--capacity", required=True, type=click.Choice([each.value for each in Capacity])
)


@click.group()
def guardian() -> None:
    """Have guardians entered and ended, and look after a ward's wallet."""


@guardian.command()
@card_option
@click.option("--for", "municipality", required=True, help="Where the offer is handed in.")
@capacity_option
@click.option("--ward", required=True, type=click.Path(path_type=Path), help="Write the ward's file here.")
@told
def offer(card: Path, municipality: str, capacity: str, ward: Path) -> None:
    """Offer to act for somebody; the printed line is handed in at the counter within five minutes."""
    text, kept = gateway.offer(signing(card), OrganisationId(municipality), Capacity(capacity))
    gateway.save_ward(kept, ward)
    click.echo(text)


@guardian.command("enrol")
@as_option
@items_options
@told
def enrol(folder: Path, items: BasicItems) -> None:
    """At a municipality's counter: enrol somebody who gets no card yet, such as a newborn."""
    click.echo(f"reference of the municipality: {gateway.enrol_ward(Organisation.at(folder), items)}")


@guardian.command("look")
@as_option
@reference_option
@language_option
@told
def look(folder: Path, reference: str, language: str) -> None:
    """As a registrar: show how far somebody acts alone, and who acts for them; the person sees that you looked."""
    shown = gateway.look_up(Organisation.at(folder), reference)
    click.echo(STATES[shown.state].of(language))
    _show(shown.guardianships, language)


@guardian.command("register")
@as_option
@reference_option
@click.option("--offer", "offered", required=True, help="What the guardian's card signed.")
@evidence_option
@document_option
@click.option("--reason", required=True, type=Said())
@told
def register(
    folder: Path, reference: str, offered: str, *, evidence: str, document: Path, reason: str
) -> None:
    """As a supervisor: propose to enter a guardian; another one gives `approve --at identity`."""
    asked = RegisterGuardianship(
        reference=reference, offer=offered, evidence=Evidence(evidence), document=digest_of(document)
    )
    show(gateway.register(Organisation.at(folder), asked, reason=reason))


@guardian.command("end", cls=IdCommand)
@as_option
@reference_option
@evidence_option
@document_option
@language_option
@click.argument("guardianship")
@told
def end(
    folder: Path, reference: str, *, evidence: str, document: Path, language: str, guardianship: str
) -> None:
    """As a registrar: end a guardianship; the guardian's rights are over when this returns."""
    counter, kind = Organisation.at(folder), Evidence(evidence)
    shown = gateway.end(counter, reference, guardianship, evidence=kind, document=digest_of(document))
    _show(shown.guardianships, language)


@guardian.command("first-card")
@as_option
@reference_option
@click.option("--card", required=True, type=click.Path(path_type=Path), help="Write the card file here.")
@click.option("--pin", envvar=pin_variable(Application.AUTHENTICATION), prompt=True, hide_input=True)
@click.option("--signature-pin", envvar=pin_variable(Application.SIGNATURE), prompt=True, hide_input=True)
@told
def first_card(folder: Path, reference: str, *, card: Path, pin: str, signature_pin: str) -> None:
    """At a municipality's counter: the first card of somebody who was enrolled without one."""
    if card.exists():  # before a card is issued that nobody would have
        raise CardFileError(f"{card} exists already; choose another name")
    card.parent.mkdir(parents=True, exist_ok=True)
    pins = {Application.AUTHENTICATION: pin, Application.SIGNATURE: signature_pin}
    save_card(gateway.first_card(Organisation.at(folder), reference, pins=pins), card)
    click.echo(f"card file: {card}")


@guardian.command("own")
@card_option
@language_option
@told
def own(card: Path, language: str) -> None:
    """Show for whom you act, and who acts for you; nobody's name is kept here."""
    _show(gateway.own(signing(card)), language)


@guardian.command("begin")
@card_option
@ward_option
@told
def begin(card: Path, ward: Path) -> None:
    """Make the ward's wallet known, so that records can be sealed for the ward; prints the recovery code."""
    paper = gateway.begin(gateway.acting(signing(card), gateway.read_ward(ward)))
    click.echo(f"the ward's wallet is known\nrecovery code, for the ward's papers only: {paper}")


@guardian.command("key")
@card_option
@told
def key(card: Path) -> None:
    """Print the key to which somebody hands a ward's wallet over to you."""
    click.echo(gateway.handing_key(signing(card)))


@guardian.command("hand-over")
@card_option
@ward_option
@click.option("--to", required=True, help="What the other one's `guardian key` prints.")
@told
def hand_over(card: Path, ward: Path, to: str) -> None:
    """Hand the ward's wallet over: to another guardian, or to the ward who has an own card now."""
    click.echo(gateway.hand_over(signing(card), gateway.read_ward(ward), to=to))


@guardian.command("take-over")
@card_option
@ward_option
@click.option("--wallet", required=True, help="What `guardian hand-over` printed.")
@told
def take_over(card: Path, ward: Path, wallet: str) -> None:
    """As another guardian: keep the wallet that the ward has already, in your own file of the ward."""
    guardian_person, kept = signing(card), gateway.read_ward(ward)
    gateway.replace_ward(
        gateway.with_wallet(guardian_person, kept, gateway.handed_wallet(guardian_person, wallet)), ward
    )
    click.echo("the ward's wallet is in your file")


@guardian.command("receive-wallet")
@card_option
@click.option("--wallet", required=True, help="What the guardian's `guardian hand-over` printed.")
@told
def receive_wallet(card: Path, wallet: str) -> None:
    """With your own first card: take everything over, under fresh keys that no guardian has."""
    own_self = signing(card)
    former = own_self.holding(gateway.handed_wallet(own_self, wallet))
    tell_renewed(renew_wallet(former, own_self.wallet, tell=tell_code, progress=lambda _done, _total: None))


@guardian.command("lay-down")
@card_option
@click.option("--approved", required=True, type=EXISTING, help="What the guardian's `approve` wrote.")
@language_option
@told
def lay_down_approved(card: Path, approved: Path, language: str) -> None:
    """As a youth: permit, with your own card, what a guardian has approved."""
    approval = read_approval(approved.read_bytes())
    permission = lay_down(signing(card), approval.terms, guardian=approval.signatures)
    said = terms_in_words(permission.terms).of(language)
    click.echo(ACCEPTED[permission.terms.effect].of(language).format(len(permission.copies), said))


@guardian.command("confirm")
@card_option
@click.argument("number", type=click.IntRange(1))
@language_option
@told
def confirm(card: Path, number: int, *, language: str) -> None:
    """Permit anew, with your own card, what a guardian had permitted; the number is that of `permissions`."""
    _confirm(card, number, language)


guardian.add_command(death)
guardian.add_command(correct_death)


@click.group("as-guardian")
@ward_option
@click.pass_context
@told
def as_guardian(context: click.Context, ward: Path) -> None:
    """Do something for a ward, with your own card: grant, refuse, withdraw, receipt, history, ..."""
    context.obj = gateway.read_ward(ward)


@as_guardian.command("approve")
@card_option
@gathered("wish", (TO, *NARROWED), permitted_wish)
@gathered("conditions", BOUND, bound_to)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Write the approval here.")
@language_option
@told
def approve_terms(card: Path, wish: Wish, conditions: Conditions, *, out: Path, language: str) -> None:
    """Approve what a youth will permit with the own card (`guardian lay-down`)."""
    ward = signing(card)
    terms = wish.terms(Effect.PERMIT, conditions, now=ward.clock(), screen=Screen(language))
    replace_private(out, approve(ward, terms).to_bytes())
    click.echo(terms_in_words(terms).of(language))


@as_guardian.command("confirm")
@card_option
@click.argument("number", type=click.IntRange(1))
@language_option
@told
def confirm_for_ward(card: Path, number: int, *, language: str) -> None:
    """Permit anew, as the present guardian, what a former one had permitted; the number is that of `permissions`."""
    _confirm(card, number, language)


for command in (
    permitting.grant,
    permitting.refuse,
    permitting.permissions,
    permitting.withdraw,
    simulating.simulate,
    person.history,
    own_records.own_records,
    receipts.receipt,
):
    as_guardian.add_command(command)


def _confirm(card: Path, number: int, language: str) -> None:
    who = signing(card)
    permission = numbered(fetch_permissions(who), number)
    lay_down(who, permission.terms)
    withdraw_copies(who, permission.copies)
    click.echo(CONFIRMED.of(language).format(terms_in_words(permission.terms).of(language)))


def _show(found: list[GuardianshipView], language: str) -> None:
    for each in found:
        words = [SEEN[each.seen_as], CAPACITIES[each.capacity], STATES[each.state]]
        over = f" ({ENDED.of(language)}: {each.ended.value})" if each.ended is not None else ""
        click.echo(f"{each.guardianship}: {', '.join(word.of(language) for word in words)}{over}")
    click.echo(f"{len(found)} guardianships")
