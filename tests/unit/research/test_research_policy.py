"""Which tables the anonymiser makes at all."""

from typing import Any

import pytest
from support.research_requests import AREA, BIRTH_YEAR, CONDITION, MEDICATIONS, SEX, decades, wish

from consent.identifiers import SubjectKeyId
from consent.vocabulary import Purpose
from services.contracts.research.messages import RefusalReason, Source
from services.research import policy, tabulating
from services.research.errors import RefusedError
from services.research.model import Person
from services.research.policy import Limits

LIMITS = Limits(min_k=5, min_diversity=2, max_persons=100, max_search_seconds=0.5)


def people(count: int, **values: Any) -> list[Person]:
    told: dict[Source, Any] = {
        Source.BIRTH_YEAR: 1980,
        Source.SEX: "female",
        Source.AREA: "東京都",
        Source.CONDITION: "none",
        Source.MEDICATIONS: 1,
    }
    changes = {Source(name): value for name, value in values.items()}
    return [Person(SubjectKeyId(str(number)), told | changes) for number in range(count)]


def refusal(request: Any, limits: Limits = LIMITS) -> RefusalReason:
    with pytest.raises(RefusedError) as refused:
        policy.check(request, limits)
    return refused.value.refusal.code


@pytest.mark.parametrize("purpose", list(Purpose))
def test_research_is_the_only_purpose(purpose: Purpose) -> None:
    request = wish(decades(), purpose=purpose)
    if purpose is Purpose.HRESCH:
        policy.check(request, LIMITS)
    else:
        assert refusal(request) is RefusalReason.OTHER_PURPOSE


@pytest.mark.parametrize("source", list(Source))
def test_what_is_known_about_people_is_never_released_as_it_is(source: Source) -> None:
    request = wish(decades(), {"name": "x", "from": source, "role": "sensitive"})
    if source in (Source.CONDITION, Source.MEDICATIONS):
        policy.check(request, LIMITS)
    else:
        assert refusal(request) is RefusalReason.NOT_ANONYMOUS


@pytest.mark.parametrize(("asked", "enforced"), [(None, 2), (2, 2), (3, 3)])
def test_diversity_is_at_least_the_deployments(asked: int | None, enforced: int) -> None:
    column = wish(SEX, {**CONDITION, "diversity": asked}).table.columns[1]
    assert policy.diversity(column, LIMITS) == enforced


def test_less_than_the_deployments_diversity_is_refused() -> None:
    assert refusal(wish(SEX, {**CONDITION, "diversity": 1})) is RefusalReason.NOT_ANONYMOUS


@pytest.mark.parametrize(
    ("column", "height"),
    [
        (SEX, 1),
        (BIRTH_YEAR, 5),
        ({**BIRTH_YEAR, "generalisation": {"widths": [10]}}, 2),
        ({**AREA, "generalisation": {"masks": 3}}, 3),
        ({**MEDICATIONS, "role": "quasi"}, 5),
    ],
)
def test_level_is_bounded_by_the_hierarchy(column: dict[str, Any], height: int) -> None:
    policy.check(wish({**column, "level": height}), LIMITS)
    assert refusal(wish({**column, "level": height + 1})) is RefusalReason.TABLE_UNUSABLE
    made = tabulating.plan(wish({**column, "level": height}).table, LIMITS)
    result = tabulating.anonymise(made, people(5))
    assert result.frame[column["name"]].unique().tolist() == ["*"]


def test_too_many_persons_are_refused() -> None:
    policy.check_persons(100, LIMITS)
    with pytest.raises(RefusedError) as refused:
        policy.check_persons(101, LIMITS)
    assert refused.value.refusal.code is RefusalReason.TOO_MANY_PERSONS


def test_texts_are_cut_to_the_masked_length() -> None:
    made = tabulating.plan(wish({**AREA, "generalisation": {"masks": 2}, "level": 1}).table, LIMITS)
    assert tabulating.anonymise(made, people(5)).frame["area"].unique().tolist() == ["東*"]


def test_missing_values_are_a_group_of_their_own() -> None:
    made = tabulating.plan(wish(decades(), SEX).table, LIMITS)
    mixed = [*people(5), *people(5, birth_year=None, sex=None)]
    frame = tabulating.anonymise(made, mixed).frame
    assert frame["birth_year"].isna().sum() == 5
    with pytest.raises(RefusedError) as refused:
        tabulating.anonymise(made, [*people(5), *people(4, birth_year=None)])
    assert refused.value.refusal.code is RefusalReason.NOT_ANONYMOUS


def test_reason_of_a_refusal_names_no_value() -> None:
    rare = [*people(20), *people(1, birth_year=1903, area="Rare", condition="Rarity")]
    made = tabulating.plan(wish(decades(), {**AREA, "level": 0}, CONDITION).table, LIMITS)
    with pytest.raises(RefusedError) as refused:
        tabulating.anonymise(made, rare)
    told = " ".join(refused.value.refusal.reasons)
    assert "21" not in told
    assert not any(value in told for value in ("1903", "1900", "Rare", "Rarity"))


def test_too_many_combinations_of_levels_to_try_them_all_give_a_table_in_time() -> None:
    columns = [
        {"name": f"c{number}", "from": "area", "role": "quasi", "generalisation": {"masks": 32}}
        for number in range(8)
    ]
    made = tabulating.plan(wish(*columns).table, LIMITS)
    result = tabulating.anonymise(made, people(20))
    assert result.frame.groupby(list(made.schema.quasi)).size().min() >= 5
