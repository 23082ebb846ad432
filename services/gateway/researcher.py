"""The researcher's side: ask the accredited anonymiser for a table, and fetch what was released."""

from consent.vocabulary import Body
from services.contracts.research.client import ResearchClient
from services.contracts.research.messages import JobAnswer, JobRequest
from services.gateway.organisation import Organisation


def request_table(researcher: Organisation, request: JobRequest) -> JobAnswer:
    """Have a table made from what people permitted.

    Raises: RefusedError with the code (`not_anonymous`, `joint_disclosure` …) and the reasons as members.
    """
    return researcher.ask(
        Body.RESEARCH, lambda http, token: ResearchClient(http).submit(request, token=token)
    )


def fetch_release(researcher: Organisation, release: str) -> bytes:
    """Return a release of the own organisation as CSV (UTF-8). Raises: RefusedError."""
    return researcher.ask(
        Body.RESEARCH, lambda http, token: ResearchClient(http).release(release, token=token)
    )
