"""Synthetic people: reproducible, plausible, and marked so that their records can be found again."""

import json
from collections import Counter
from datetime import UTC, datetime

from consent.vocabulary import Category
from services.gateway.clinical import KINDS
from services.gateway.population import YEARS, synthesise

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert synthesise(20, seed=7, now=NOW) == synthesise(20, seed=7, now=NOW)
    assert synthesise(20, seed=7, now=NOW) != synthesise(20, seed=8, now=NOW)


def test_two_hundred_people_have_about_2500_records_of_the_last_years() -> None:
    found = synthesise(200, seed=1, now=NOW)
    assert len(found.patients) == 200
    assert 2_300 <= len(found.records) <= 2_700
    assert {record.year for record in found.records} == set(range(NOW.year - YEARS + 1, NOW.year + 1))
    assert {record.category for record in found.records} == {
        Category.SUMMARY,
        Category.MEDICATION,
        Category.LABORATORY,
        Category.CHECKUP,
        Category.ENCOUNTER,
    }


def test_names_of_records_and_people_are_unique() -> None:
    found = synthesise(100, seed=3, now=NOW)
    assert len({person.id for person in found.patients}) == 100
    assert len({record.name for record in found.records}) == len(found.records)


def test_each_canary_stands_in_its_own_persons_records_only() -> None:
    found = synthesise(50, seed=2, now=NOW)
    assert len({canary for (canary,) in found.canaries.values()}) == 50
    for record in found.records:
        clinical = not record.name.startswith("Patient/")
        (own,) = found.canaries[record.patient]
        holds = {person for person, (canary,) in found.canaries.items() if canary.encode() in record.content}
        assert holds == ({record.patient} if clinical else set())
        assert own.encode() in record.content or not clinical


def test_records_are_what_the_reader_of_exports_would_make_of_them() -> None:
    for record in synthesise(30, seed=5, now=NOW).records:
        resource = json.loads(record.content)
        if resource["resourceType"] == "Patient":
            assert resource.keys() == {"resourceType", "gender", "birthDate", "address"}
            continue
        kind = KINDS[resource["resourceType"]]
        assert record.category is kind.category
        assert resource[kind.subject] == {"reference": f"Patient/{record.patient}"}


def test_most_people_share_age_band_and_sex_with_enough_others_for_a_5_anonymous_table() -> None:
    found = synthesise(200, seed=1, now=NOW)
    born = [(person.items.birth_date, person.items.sex) for person in found.patients]
    cells = Counter((int(date[:4]) // 20, sex) for date, sex in born)
    assert sum(count for count in cells.values() if count >= 5) >= 190
    areas = Counter(
        json.loads(r.content)["address"][0]["state"] for r in found.records if "Patient/" in r.name
    )
    assert len(areas) == 6
    assert min(areas.values()) >= 5


def test_nothing_is_dated_before_birth_or_after_today() -> None:
    found = synthesise(100, seed=4, now=NOW)
    born = {person.id: person.items.birth_date for person in found.patients}
    for record in found.records:
        resource = json.loads(record.content)
        for name in ("recordedDate", "authoredOn", "effectiveDateTime", "occurrenceDateTime"):
            assert born[record.patient] <= resource.get(name, born[record.patient]) <= NOW.date().isoformat()
