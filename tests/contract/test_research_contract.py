"""What the anonymiser promises to researchers, kept by the real one and by its fake alike."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from support.research_app import running
from support.research_people import Someone
from support.research_requests import (
    AREA,
    BIRTH_YEAR,
    CONDITION,
    MEDICATIONS,
    SEX,
    decades,
    wish,
)
from support.research_world import HOSPITAL, OTHER_UNIVERSITY, UNIVERSITY, URLS, World

from consent.identifiers import OrganisationId
from consent.vocabulary import Body, Purpose
from services.contracts.fake_credentials import operator_caller
from services.contracts.research.client import Research
from services.contracts.research.fake import FakeResearch
from services.contracts.research.messages import JobAnswer, JobRequest, JobStatus, Source
from services.contracts.research.table import read_table
from services.kit.credentials.callers import Caller
from services.kit.http import RemoteProblemError, Token


class Bench:
    """The anonymiser under test as several organisations reach it."""

    def __init__(
        self,
        world: World,
        ways: Mapping[OrganisationId, Research],
        permit: Callable[[Sequence[Someone]], None],
    ) -> None:
        self.world = world
        self._permit = permit
        self.permitting: list[Someone] = []
        self._ways = ways

    def permit(self, people: Sequence[Someone]) -> None:
        """Let people permit research."""
        self._permit(people)
        self.permitting += people

    def settle(self, count: int) -> None:
        """Let people permit research: two sexes, three decades, three conditions."""
        people = [
            Someone(
                f"person-{number}",
                birth_year=1960 + number % 30,
                sex="female" if number % 2 else "male",
                condition=("asthma", "migraine", None)[number % 3],
                medications=number % 4,
            )
            for number in range(count)
        ]
        self.permit(people)

    def withdraw(self) -> None:
        """Let the person who came last withdraw."""
        self.world.withdraw(self.permitting.pop())

    def submit(self, request: JobRequest, member: OrganisationId = UNIVERSITY) -> JobAnswer:
        """Ask for a table."""
        return self._ways[member].submit(request, token=self.world.token(member))

    def refused(self, request: JobRequest, member: OrganisationId = UNIVERSITY) -> RemoteProblemError:
        """Ask for a table that must be refused; return the problem."""
        with pytest.raises(RemoteProblemError) as problem:
            self.submit(request, member)
        assert problem.value.status == 403
        return problem.value

    def job(self, job: object, member: OrganisationId = UNIVERSITY) -> JobAnswer:
        """Look a job up."""
        return self._ways[member].job(str(job), token=self.world.token(member))

    def fetch(self, release: str, member: OrganisationId = UNIVERSITY) -> bytes:
        """Fetch a release."""
        return self._ways[member].release(release, token=self.world.token(member))


@pytest.fixture(params=["fake", "real"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    world = World(tmp_path)
    members = (UNIVERSITY, OTHER_UNIVERSITY, HOSPITAL)
    if request.param == "real":
        with running(world) as served:
            yield Bench(world, {each: served.research(each) for each in members}, world.settle)
        return
    made: list[Bench] = []

    def caller(token: Token) -> Caller:
        directory = world.oversight.directory()
        return operator_caller(token, directory=directory, audience=URLS[Body.RESEARCH], now=world.now)

    def people() -> Mapping[str, Mapping[Source, str | int | None]]:
        return {
            each.name: {
                Source.BIRTH_YEAR: each.birth_year,
                Source.SEX: each.sex,
                Source.AREA: each.area,
                Source.CONDITION: each.condition or "none",
                Source.MEDICATIONS: each.medications,
            }
            for each in made[0].permitting
        }

    fake = FakeResearch(callers=caller, people=people)
    made.append(Bench(world, dict.fromkeys(members, fake), lambda people: None))
    yield made[0]


def test_released_table_is_anonymous_and_says_what_it_is(bench: Bench) -> None:
    bench.settle(30)
    answer = bench.submit(wish(decades(), SEX, CONDITION, MEDICATIONS))
    assert answer.status is JobStatus.RELEASED
    assert answer.release is not None
    assert answer.refusal is None
    assert answer.release.columns == ["birth_year", "sex", "condition", "medications"]
    assert (answer.release.persons, answer.release.rows, answer.release.suppressed) == (30, 30, 0)
    content = bench.fetch(answer.release.id)
    assert hashlib.sha256(content).hexdigest() == answer.release.sha256
    rows = read_table(content)
    assert Counter(row["condition"] for row in rows) == {"asthma": 10, "migraine": 10, "none": 10}
    assert min(Counter((row["birth_year"], row["sex"]) for row in rows).values()) == 5
    assert {row["birth_year"] for row in rows} == {"[1960, 1970)", "[1970, 1980)", "[1980, 1990)"}
    assert bench.job(answer.job) == answer


def test_level_is_searched_for_where_none_is_pinned(bench: Bench) -> None:
    bench.settle(30)
    release = bench.submit(wish(BIRTH_YEAR, SEX, MEDICATIONS, suppression_limit=0.1)).release
    assert release is not None
    assert set(release.levels) == {"birth_year", "sex"}
    assert release.suppressed <= 3
    classes = Counter((row["birth_year"], row["sex"]) for row in read_table(bench.fetch(release.id)))
    assert min(classes.values()) >= 5


def test_suppressed_rows_stay_without_their_quasi_identifiers(bench: Bench) -> None:
    bench.settle(36)
    release = bench.submit(
        wish(decades(1960, 10), {**SEX, "level": 0}, MEDICATIONS, k=6, suppression_limit=0.6)
    ).release
    assert release is not None
    assert release.suppressed == 20
    rows = read_table(bench.fetch(release.id))
    assert Counter((row["birth_year"], row["sex"]) for row in rows)["*", "*"] == 20


def test_same_request_again_is_released_again(bench: Bench) -> None:
    bench.settle(30)
    request = wish(decades(), SEX)
    first, second = bench.submit(request), bench.submit(request)
    assert first.release is not None
    assert second.release is not None
    assert first.release.id != second.release.id


def test_refusal_of_a_second_table_names_the_first_and_counts_nothing(bench: Bench) -> None:
    bench.settle(30)
    first = bench.submit(wish(decades(), SEX))
    problem = bench.refused(wish(decades(5), {**SEX, "level": 1}))
    assert first.release is not None
    assert problem.code == "joint_disclosure"
    assert problem.members["releases"] == [first.release.id]
    assert not {"smallest", "persons_at_risk"} & problem.members.keys(), "counts would tell"
    kept = bench.job(problem.members["job"])
    assert kept.status is JobStatus.REFUSED
    assert kept.release is None
    assert kept.refusal is not None
    assert kept.refusal.releases == [first.release.id]
    assert bench.fetch(first.release.id), "what was released before stands"


def test_refused_table_does_not_count_as_held(bench: Bench) -> None:
    bench.settle(30)
    bench.submit(wish(decades(), SEX))
    bench.refused(wish(decades(5), {**SEX, "level": 1}))
    bench.submit(wish(decades(), SEX))


def test_another_organisation_is_judged_by_what_it_holds(bench: Bench) -> None:
    bench.settle(30)
    bench.submit(wish(decades(), SEX))
    shifted = wish(decades(5), {**SEX, "level": 1})
    bench.refused(shifted)
    assert bench.submit(shifted, OTHER_UNIVERSITY).release is not None


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.HRESCH])
def test_other_purpose_is_refused(bench: Bench, purpose: Purpose) -> None:
    bench.settle(12)
    assert bench.refused(wish(decades(), purpose=purpose)).code == "other_purpose"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (wish(decades(), k=4), "not_anonymous"),
        (wish(decades(), k=13), "not_anonymous"),
        (wish({**BIRTH_YEAR, "level": 0}), "not_anonymous"),
        (wish(decades(), {**SEX, "role": "sensitive"}), "not_anonymous"),
        (wish(decades(), {**AREA, "role": "sensitive"}), "not_anonymous"),
        (wish(SEX, {**BIRTH_YEAR, "role": "sensitive"}), "not_anonymous"),
        (wish(SEX, {**CONDITION, "diversity": 4}), "not_anonymous"),
        (wish({**BIRTH_YEAR, "generalisation": {"widths": [4, 6]}}), "table_unusable"),
        (wish({**BIRTH_YEAR, "generalisation": {"masks": 2}}), "table_unusable"),
        (wish({**SEX, "generalisation": {"widths": [4]}}), "table_unusable"),
        (wish({**SEX, "level": 2}), "table_unusable"),
    ],
)
def test_table_that_cannot_be_anonymous_or_made_is_refused(
    bench: Bench, request_: JobRequest, code: str
) -> None:
    bench.settle(12)
    problem = bench.refused(request_)
    assert problem.code == code
    assert problem.members["reasons"]
    kept = bench.job(problem.members["job"]).refusal
    assert kept is not None
    assert kept.code.value == code


def test_nobody_permitting_means_no_table(bench: Bench) -> None:
    assert bench.refused(wish(decades())).code == "not_anonymous"


def test_class_of_one_sensitive_value_is_refused(bench: Bench) -> None:
    bench.permit([Someone(f"p{n}", condition="asthma") for n in range(12)])
    assert bench.refused(wish(SEX, CONDITION)).code == "not_anonymous"


def test_withdrawal_of_one_person_blocks_the_same_table(bench: Bench) -> None:
    bench.settle(31)
    bench.submit(wish(decades(), SEX))
    bench.withdraw()
    problem = bench.refused(wish(decades(), SEX))
    assert problem.code == "joint_disclosure"


def test_others_find_neither_job_nor_release(bench: Bench) -> None:
    bench.settle(30)
    answer = bench.submit(wish(decades(), SEX))
    assert answer.release is not None
    for look in (
        lambda: bench.job(answer.job, OTHER_UNIVERSITY),
        lambda: bench.fetch(answer.release.id if answer.release else "", OTHER_UNIVERSITY),
        lambda: bench.fetch("unknown"),
        lambda: bench.job("unknown"),
    ):
        with pytest.raises(RemoteProblemError) as problem:
            look()
        assert (problem.value.status, problem.value.code) == (404, "not_found")


def test_only_researchers_are_served(bench: Bench) -> None:
    bench.settle(12)
    assert bench.refused(wish(decades()), HOSPITAL).code == "role_missing"
    with pytest.raises(RemoteProblemError) as problem:
        bench.fetch("unknown", HOSPITAL)
    assert problem.value.code == "role_missing"
    with pytest.raises(RemoteProblemError) as problem:
        bench.job("unknown", HOSPITAL)
    assert problem.value.code == "forbidden"
