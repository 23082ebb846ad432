"""What is somebody else's answers as what nobody has, on every route that takes a name."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest
from support.compared import Trial, Work, observe
from support.equal_identity import TRIALS as AT_IDENTITY
from support.equal_identity import Registered, registered
from support.equal_medical import TRIALS as AT_MEDICAL
from support.equal_medical import Records, records
from support.equal_others import AT_PRODUCT_SAFETY, AT_RESEARCH, Shelf, Shelves, recalled, released
from support.operation_counts import nothing_by_itself

from services.kit.context import BodyContext

Scene = TypeVar("Scene")
LEAVE_NO_ENTRY = {
    "GET /uploads/{upload}",
    "POST /simulations",
    "GET /emergencies/{case}",
    "GET /recalls/{recall}",
    "GET /jobs/{job}",
}
"""What only looks at one's own, and is no entry when it is answered either."""


@pytest.fixture(scope="module")
def at_medical(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with nothing_by_itself(), records(tmp_path_factory.mktemp("equal-medical")) as here:
        yield here


@pytest.fixture(scope="module")
def at_identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    with nothing_by_itself(), registered(tmp_path_factory.mktemp("equal-identity")) as here:
        yield here


@pytest.fixture(scope="module")
def at_product_safety(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with nothing_by_itself(), recalled(tmp_path_factory.mktemp("equal-product-safety")) as here:
        yield here


@pytest.fixture(scope="module")
def at_research(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelves]:
    with nothing_by_itself(), released(tmp_path_factory.mktemp("equal-research")) as here:
        yield here


@pytest.mark.parametrize("trial", AT_MEDICAL, ids=str)
def test_what_is_somebody_elses_answers_as_what_nobody_has(
    at_medical: Records, trial: Trial[Records]
) -> None:
    """OL2: at the medical centre and in emergencies."""
    require_alike(trial, at_medical, at_medical.contexts)


@pytest.mark.parametrize("trial", AT_IDENTITY, ids=str)
def test_what_the_id_centre_has_of_somebody_else_answers_as_what_nobody_has(
    at_identity: Registered, trial: Trial[Registered]
) -> None:
    """OL2: at the ID centre."""
    require_alike(trial, at_identity, at_identity.contexts)


@pytest.mark.parametrize("trial", AT_PRODUCT_SAFETY, ids=str)
def test_another_makers_recall_and_another_owners_notice_answer_as_what_nobody_has(
    at_product_safety: Shelf, trial: Trial[Shelf]
) -> None:
    """OL2: at the product safety centre."""
    require_alike(trial, at_product_safety, at_product_safety.contexts)


@pytest.mark.parametrize("trial", AT_RESEARCH, ids=str)
def test_another_universitys_job_and_table_answer_as_what_nobody_has(
    at_research: Shelves, trial: Trial[Shelves]
) -> None:
    """OL2: at the anonymiser."""
    require_alike(trial, at_research, at_research.contexts)


def require_alike(trial: Trial[Scene], scene: Scene, contexts: Sequence[BodyContext]) -> None:
    """Status, body, entries (R13: what is one when done is one when refused), statements, signatures, cells opened."""
    names = trial.names(scene)
    observe(trial, scene, names.nobodys, contexts=contexts)  # what is remembered afterwards is so for both
    foreign = observe(trial, scene, names.foreign, contexts=contexts)
    nobodys = observe(trial, scene, names.nobodys, contexts=contexts)
    assert foreign.status in range(400, 500)
    assert "malformed_request" not in foreign.content, "what cannot be read tries no name"
    assert (foreign.status, foreign.content) == (nobodys.status, nobodys.content)
    assert foreign.entries == nobodys.entries
    refused = {outcome for _kind, outcome, _reason in foreign.entries}
    assert refused == (set() if trial.route in LEAVE_NO_ENTRY else {"refused"})
    if trial.work is Work.ALIKE:
        assert foreign.whose == nobodys.whose
        assert foreign.statements == nobodys.statements
        assert (foreign.verified, foreign.opened) == (nobodys.verified, nobodys.opened)
