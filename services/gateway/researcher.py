"""The researcher's side: asking the accredited anonymiser for a table, and fetching what it released."""

from dataclasses import dataclass, field
from hashlib import sha256

from consent.vocabulary import Body, Purpose
from services.contracts.research.client import ResearchClient
from services.contracts.research.messages import JobRequest, ReleaseSummary, TableRequest
from services.contracts.research.table import read_table
from services.gateway.errors import NotVerifiedError
from services.gateway.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Table:
    """A released table. Shape: `content` is the CSV as released; `rows` its rows, by column."""

    summary: ReleaseSummary
    content: bytes = field(repr=False)
    rows: tuple[dict[str, str], ...] = field(repr=False)


def request_table(
    researcher: Organisation, table: TableRequest, *, purpose: Purpose = Purpose.HRESCH
) -> ReleaseSummary:
    """Have a table made of the records of people who permitted it.

    Raises: RefusedError with the refusal's code (`members` say why: reasons and counts); NotVerifiedError.
    """
    message = JobRequest(purpose=purpose, table=table)
    told = researcher.ask(
        Body.RESEARCH, lambda http, token: ResearchClient(http).submit(message, token=token)
    )
    if told.release is None:
        raise NotVerifiedError("the anonymiser neither released nor refused; ask for the job again")
    return told.release


def fetch_table(researcher: Organisation, summary: ReleaseSummary) -> Table:
    """Fetch a release; only its recipient gets it. Raises: RefusedError; NotVerifiedError when the bytes are others."""
    content = researcher.ask(
        Body.RESEARCH, lambda http, token: ResearchClient(http).release(summary.id, token=token)
    )
    if sha256(content).hexdigest() != summary.sha256:
        raise NotVerifiedError("the table is not the one that was released; fetch it again")
    return Table(summary, content, tuple(read_table(content)))
