"""The official's side: looking people up in the resident registry, one by one or by file (J1, J11)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pydantic import ValidationError

from consent import base64url, personal_number
from consent.errors import MalformedError
from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.numbers import LookUpNumbers
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.look_ups import (
    MOST_QUERIES,
    BatchResult,
    LookUp,
    LookUpBatch,
    Match,
    Query,
    Sought,
)
from services.contracts.registry.messages import BasicItems
from services.gateway.organisation import Organisation

PREFIX_MARKS: Final = ("*", "＊")
MALFORMED: Final = "malformed_row"
BATCH_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Errand:
    """What somebody is looked up for: a task of the closed list, and the official's own case number."""

    task: str
    case: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody; a name or an address that ends with * is a beginning. Empty: not known."""

    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


def look_up(official: Organisation, known: Known, errand: Errand) -> list[BasicItems]:
    """Return everybody whom it fits, at most 50.

    Raises: RefusedError with the code of the rule that refuses; MalformedError for a number that nobody can have.
    """
    token = None
    if known.number:
        token = _numbered(official, [personal_number.validate(known.number)], errand)[0]
    message = LookUp(query=_query(known, token), task=errand.task, case=errand.case)
    told = official.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).look_up(message, token=token))
    return told.residents


def look_up_all(
    official: Organisation, rows: Iterable[Known], errand: Errand
) -> Iterator[tuple[Known, BatchResult]]:
    """Look up any number of rows, a few hundred at a time; each comes back with what became of it.

    Guarantees: in memory is one part of the rows. Raises: as `look_up`, when a part is refused as a whole.
    """
    batch, waiting = base64url.encode(official.randomness(BATCH_BYTES)), iter(rows)
    while part := list(islice(waiting, MOST_QUERIES)):
        yield from zip(part, _results(official, part, errand, batch=batch), strict=True)


def _results(
    official: Organisation, part: Sequence[Known], errand: Errand, *, batch: str
) -> list[BatchResult]:
    numbers = {each.number for each in part if each.number and _is_number(each.number)}
    asked = [each.number for each in part if each.number in numbers]  # a token counts once: one for each row
    tokens = iter(_numbered(official, asked, errand) if asked else [])
    queries = [_asked(each, next(tokens) if each.number in numbers else None) for each in part]
    told = iter(_told(official, [each for each in queries if each is not None], errand, batch=batch))
    return [BatchResult(refused=MALFORMED) if each is None else next(told) for each in queries]


def _told(official: Organisation, queries: list[Query], errand: Errand, *, batch: str) -> list[BatchResult]:
    if not queries:
        return []
    message = LookUpBatch(queries=queries, task=errand.task, case=errand.case, batch=batch)
    answer = official.ask(
        Body.REGISTRY, lambda http, token: RegistryClient(http).look_up_batch(message, token=token)
    )
    return answer.results


def _asked(known: Known, token: str | None) -> Query | None:
    if known.number and token is None:
        return None
    try:
        return _query(known, token)
    except ValidationError:
        return None


def _numbered(official: Organisation, numbers: Sequence[str], errand: Errand) -> list[str]:
    message = LookUpNumbers(numbers=list(numbers), task=errand.task, case=errand.case)
    told = official.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).look_up_numbers(message, token=token)
    )
    return told.tokens


def _is_number(text: str) -> bool:
    try:
        personal_number.validate(text)
    except MalformedError:
        return False
    return True


def _query(known: Known, token: str | None) -> Query:
    return Query(
        token=token,
        name=_sought(known.name),
        address=_sought(known.address),
        birth_date=known.birth_date or None,
    )


def _sought(text: str) -> Sought | None:
    if not text:
        return None
    if text.endswith(PREFIX_MARKS):
        return Sought(text=text[:-1], match=Match.PREFIX)
    return Sought(text=text)
