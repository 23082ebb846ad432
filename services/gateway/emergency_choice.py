"""A person's choice for emergencies: which kinds of records an accredited relay may open for a hospital, or none.

A yes is a permission for each accredited relay, with key fragments for its key made in advance, so that it works when
the person's card is absent; a no is a refusal of the emergency purpose to everybody. The newest choice takes the
earlier ones back.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from consent.compartments import YearSpan
from consent.directives import Effect, Notice, RecordScope, Terms
from consent.explanations import RefusalCode
from consent.identifiers import OrganisationId
from consent.recipients import EVERYBODY, Recipient
from consent.vocabulary import PROXIES, Category, Purpose
from consent.words import Word
from services.contracts.oversight.register import Kind
from services.gateway.errors import RefusedError
from services.gateway.person import Person
from services.gateway.wallet_actions import Permission, lay_down, permissions, roll, withdraw_copies

HOLDS: Final = timedelta(days=3650)
YEARS_BACK: Final = 10
YEARS_AHEAD: Final = 10
NOTICE: Final = Word(
    "緊急時、私のカードがなくても、一つの病院の二人の担当者が共同で、一度の請求につき一度、ここに選んだ種類の記録を閲覧できます。"
    "私にはただちに知らされ、監督機関がすべての閲覧を審査します。",
    "In an emergency two professionals of one hospital may together read these kinds of records of mine, once for one "
    "request, when my card is not there. I am told at once, and the oversight body reviews every case.",
)
REFUSING: Final = Word(
    "断ると、命を救うためであっても、私抜きでは誰もこれらの記録を閲覧できません。",
    "Refusing means that nobody can read these records without me, not even to save my life.",
)
_EMERGENCY: Final = frozenset({Purpose.ETREAT})


def choose(
    person: Person,
    categories: Iterable[Category],
    *,
    years: YearSpan | None = None,
    language: str = "en",
) -> list[Permission]:
    """Permit the accredited relays to open these kinds of records in an emergency; none refuses all of them.

    `years` are those of the records; without them the last ten and the coming ones. `language`, `ja` or `en`, is
    that of the text that the person was shown. Raises: as `lay_down`, `withdraw_copies`.
    """
    earlier = choices(person)
    wanted = frozenset(categories)
    now = person.clock().year
    notice = _notice(language)
    if wanted:
        scope = RecordScope(wanted, years or YearSpan(now - YEARS_BACK, now + YEARS_AHEAD))
        laid = [(Recipient(each), scope, Effect.PERMIT) for each in relays(person)]
    else:
        laid = [(EVERYBODY, RecordScope(frozenset(Category), YearSpan(now - 150, now + 100)), Effect.DENY)]
    chosen = [
        lay_down(person, _terms(person, recipient, scope=scope, effect=effect, notice=notice))
        for recipient, scope, effect in laid
    ]
    for each in earlier:
        withdraw_copies(person, each.copies)
    # only when all are taken back: what still stood would be renewed with what goes on
    permitted = [each.terms.scope for each in earlier if each.terms.effect is Effect.PERMIT]
    for former in dict.fromkeys(each for each in permitted if isinstance(each, RecordScope)):
        roll(person, former)
    return chosen


def choices(person: Person) -> list[Permission]:
    """Return the choice that stands, in all its copies. Raises: as `permissions`."""
    now, named = person.clock(), {*_relays(person), None}
    return [
        each
        for each in permissions(person, bodies=PROXIES)
        if each.active(now)
        and each.terms.purposes == _EMERGENCY
        and each.terms.recipient.organisation in named
        and (each.terms.recipient.organisation is None) == (each.terms.effect is Effect.DENY)
    ]


def relays(person: Person) -> list[OrganisationId]:
    """Return the accredited emergency relays. Raises: RefusedError when there is none."""
    found = _relays(person)
    if not found:
        code = RefusalCode.NOT_ACCREDITED.value
        raise RefusedError(code, "No emergency relay is accredited at present; choose again later.")
    return found


def _relays(person: Person) -> list[OrganisationId]:
    directory = person.directory()
    kinds = [each.id for each in directory.register.organisations if each.kind is Kind.EMERGENCY_RELAY]
    return [each for each in kinds if directory.organisation(each) is not None]


def _terms(
    person: Person, recipient: Recipient, *, scope: RecordScope, effect: Effect, notice: Notice
) -> Terms:
    now = person.clock()
    return Terms(
        recipient=recipient,
        effect=effect,
        purposes=_EMERGENCY,
        scope=scope,
        valid_from=now,
        valid_until=now + HOLDS,
        notice=notice,
    )


def _notice(language: str) -> Notice:
    return Notice.of_text(
        NOTICE.of(language),
        text_id="emergency-choice",
        version="1",
        language=language,
        refusal_meaning=REFUSING.of(language),
    )
