"""The reception of a clinic, at a terminal; and the counter of the municipality where insurance is entered."""

from pathlib import Path

import click

from consent.directives import Effect
from consent.vocabulary import Category
from services.commands.failures import told
from services.commands.organisation import EXISTING, as_option, reference_option
from services.commands.person import typed_pin
from services.commands.reception_words import WORDS, Words
from services.contracts.identity.messages import Application, IdentityDocument, StaffCheck
from services.contracts.registry.messages import EligibilityClaims, Membership
from services.gateway import reception as desk
from services.gateway.cards import read_card
from services.gateway.organisation import Organisation
from services.gateway.person import Person, sign_in
from services.gateway.wallet_actions import Permission

EFFECTS = {"yes": Effect.PERMIT, "no": Effect.DENY}
_answer = click.Choice(sorted(EFFECTS))


@click.command()
@as_option
@click.option("--card", type=EXISTING, help="The card file of the person who is here; none with a document.")
@click.option("--patient-number", required=True, help="The clinic's own number of the patient.")
@click.option("--name", required=True, help="The name as the clinic's file has it.")
@click.option("--birth-date", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Likewise.")
@click.option(
    "--check",
    default=StaffCheck.PIN.value,
    show_default=True,
    type=click.Choice([each.value for each in StaffCheck]),
    help="How it is made sure who is here: the card's PIN, the card's photo, or a document with a photo.",
)
@click.option(
    "--document", type=click.Choice([each.value for each in IdentityDocument]), help="Which document."
)
@click.option("--photo-compared", type=_answer, help="Instead of asking the staff (--check photo, document).")
@click.option("--medication", type=_answer, help="The person's answer, instead of asking on the screen.")
@click.option("--checkup", type=_answer, help="The person's answer, instead of asking on the screen.")
@click.option("--language", default="ja", show_default=True, type=click.Choice(sorted(WORDS)))
@told
def reception(
    folder: Path,
    card: Path | None,
    patient_number: str,
    name: str,
    birth_date: object,
    check: str,
    document: str | None,
    photo_compared: str | None,
    medication: str | None,
    checkup: str | None,
    language: str,
) -> None:
    """At a clinic: read the card, make sure who is here, tell eligibility, ask for consent, link the patient number."""
    words, clinic = WORDS[language], Organisation.at(folder)
    word = _staff_word(StaffCheck(check), card, document)
    if word.check is not StaffCheck.PIN and _chosen(words, words.photo, photo_compared) is not Effect.PERMIT:
        raise click.ClickException("nobody is linked whom the staff did not compare with the photo")
    patient = desk.Patient(patient_number, name, f"{birth_date:%Y-%m-%d}")
    person = _person(clinic, card) if card is not None and word.check is StaffCheck.PIN else None
    linked = desk.link_patient(clinic, patient, word, person=person)
    click.echo(f"{words.linked}: {linked.reference}")
    _tell_eligibility(words, desk.eligibility(clinic, linked.eligibility_token))
    if person is None:
        click.echo(words.not_asked)
        return
    given = {Category.MEDICATION: medication, Category.CHECKUP: checkup}
    for category in desk.ASKED:
        question = question_of(words, category)
        click.echo("")
        effect = _chosen(words, question.text, given[category])
        _tell_answer(words, category, desk.answer(person, clinic, question, effect))


@click.command()
@as_option
@reference_option
@click.option("--insurer", required=True, help="The insurer's number, eight digits.")
@click.option("--symbol", required=True)
@click.option("--number", required=True)
@click.option("--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--until", "last", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day.")
@told
def insure(
    folder: Path, reference: str, insurer: str, symbol: str, number: str, first: object, last: object
) -> None:
    """At a municipality's counter: enter that somebody is insured by the municipality."""
    membership = Membership(
        insurer_number=insurer,
        symbol=symbol,
        number=number,
        valid_from=f"{first:%Y-%m-%d}",
        valid_until=f"{last:%Y-%m-%d}",
    )
    desk.register_membership(Organisation.at(folder), reference, membership)
    click.echo("registered")


def _staff_word(check: StaffCheck, card: Path | None, document: str | None) -> desk.StaffWord:
    if check is StaffCheck.DOCUMENT:
        if document is None or card is not None:
            raise click.UsageError("--check document needs --document, and no --card")
        return desk.StaffWord(check, document=IdentityDocument(document))
    if card is None or document is not None:
        raise click.UsageError(f"--check {check.value} needs --card, and no --document")
    return desk.StaffWord(check, card=read_card(card).card if check is StaffCheck.PHOTO else None)


def _person(clinic: Organisation, card: Path) -> Person:
    return sign_in(
        read_card(card),
        clinic.connect,
        pin=typed_pin(Application.AUTHENTICATION),
        signature_pin=typed_pin(Application.SIGNATURE),
        clock=clinic.clock,
    )


def question_of(words: Words, category: Category) -> desk.Question:
    """Return the screen on which a person is asked for one kind of records."""
    text = "\n".join([words.questions[category], f"  {words.yes_means}", f"  {words.no_means}"])
    return desk.Question(category, words.language, text, words.no_means)


def _chosen(words: Words, text: str, given: str | None) -> Effect:
    """Ask until one of the two words is typed: no answer is preset, and Enter alone is none."""
    if given is not None:
        return EFFECTS[given]
    click.echo(text)
    typed = {words.yes: Effect.PERMIT, words.no: Effect.DENY}
    while True:
        said = click.prompt(words.choose, default="", show_default=False).strip()
        if said in typed:
            return typed[said]


def _tell_eligibility(words: Words, claims: EligibilityClaims) -> None:
    held = claims.membership
    if held is None:
        click.echo(words.not_insured)
        return
    click.echo(f"{words.insured} ({held.insurer_number} {held.symbol} {held.number}, - {held.valid_until})")


def _tell_answer(words: Words, category: Category, permission: Permission) -> None:
    given = words.agreed if permission.terms.effect is Effect.PERMIT else words.refused
    click.echo(f"{category.value}: {given} (- {permission.terms.valid_until:%Y-%m-%d %H:%M} UTC)")
    for receipt in desk.receipts(permission):
        click.echo(f"  {receipt}")
