"""From opened records to one person's row."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.identifiers import DocumentId, SubjectKeyId
from consent.sealing import PlainDocument
from consent.vocabulary import Category
from services.contracts.research.messages import Source
from services.research.extraction import extract
from services.research.model import Person

SUBJECT = SubjectKeyId("thumbprint")
BOTH = frozenset({Category.SUMMARY, Category.MEDICATION})
PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1951-02-03",
    "gender": "male",
    "address": [{"state": "大阪府"}],
}


def document(
    name: str, resource: object, *, version: int = 1, media_type: str = "application/fhir+json"
) -> PlainDocument:
    return PlainDocument(DocumentId(name), version, media_type, json.dumps(resource).encode())


def condition(text: str, **dates: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": {"text": text}, **dates}


def row(*documents: PlainDocument, read: frozenset[Category] = BOTH) -> dict[Source, Any]:
    person = extract(SUBJECT, documents, read=read)
    assert isinstance(person, Person)
    assert person.subject == SUBJECT
    return dict(person.values)


def test_row_has_the_five_attributes() -> None:
    orders = [document(f"m{number}", {"resourceType": "MedicationRequest"}) for number in range(3)]
    assert row(document("p", PATIENT), document("c", condition("asthma")), *orders) == {
        Source.BIRTH_YEAR: 1951,
        Source.SEX: "male",
        Source.AREA: "大阪府",
        Source.CONDITION: "asthma",
        Source.MEDICATIONS: 3,
    }


def test_most_recent_condition_counts_whatever_date_it_has() -> None:
    found = row(
        document("a", condition("old", recordedDate="2020-05-01")),
        document("b", condition("new", onsetDateTime="2024-01-01T10:00:00+09:00")),
        document("c", condition("older", onsetPeriod={"start": "2019"})),
        document("d", condition("undated")),
    )
    assert found[Source.CONDITION] == "new"


def test_condition_without_a_text_is_named_by_its_code() -> None:
    coded = {"resourceType": "Condition", "code": {"coding": [{"code": "1"}, {"display": "Asthma"}]}}
    assert row(document("a", coded))[Source.CONDITION] == "Asthma"


def test_no_condition_is_told_from_a_category_that_was_not_read() -> None:
    assert row(document("p", PATIENT))[Source.CONDITION] == "none"
    medication_only = row(
        document("m", {"resourceType": "MedicationRequest"}), read=frozenset({Category.MEDICATION})
    )
    assert medication_only[Source.CONDITION] is None
    summary_only = row(document("p", PATIENT), read=frozenset({Category.SUMMARY}))
    assert summary_only[Source.MEDICATIONS] is None


def test_newest_version_of_a_document_counts() -> None:
    found = row(
        document("c", condition("corrected"), version=2), document("c", condition("wrong"), version=1)
    )
    assert found[Source.CONDITION] == "corrected"


def test_person_without_readable_records_has_no_row() -> None:
    broken = PlainDocument(DocumentId("x"), 1, "application/fhir+json", b"{")
    picture = document("y", PATIENT, media_type="image/png")
    assert extract(SUBJECT, [], read=BOTH) is None
    assert extract(SUBJECT, [broken, picture, document("z", ["no", "resource"])], read=BOTH) is None


@pytest.mark.parametrize("born", [None, 1951, "", "195", "abcd-01-01", "１９５１-01-01", ["1951"]])
def test_unusable_birth_date_is_missing(born: object) -> None:
    assert row(document("p", {**PATIENT, "birthDate": born}))[Source.BIRTH_YEAR] is None


@pytest.mark.parametrize("address", [None, [], ["x"], {}, [{"state": 5}], [{"city": "x"}]])
def test_unusable_area_is_missing(address: object) -> None:
    assert row(document("p", {**PATIENT, "address": address}))[Source.AREA] is None


def test_text_becomes_one_line_that_can_be_written() -> None:
    found = row(document("c", condition("a\n b\t\ud800c" + "d" * 500)))
    assert found[Source.CONDITION] == ("a b ?c" + "d" * 500)[:200]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
RESOURCES = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(["Patient", "Condition", "MedicationRequest", "Other"])},
    optional=dict.fromkeys(("birthDate", "gender", "address", "code", "recordedDate", "onsetPeriod"), JSON),
)


@given(st.lists(RESOURCES, max_size=5), st.randoms(use_true_random=False))
def test_any_records_in_any_order_give_the_same_row(resources: list[Any], order: Any) -> None:
    documents = [document(str(number), each) for number, each in enumerate(resources)]
    shuffled = list(documents)
    order.shuffle(shuffled)
    assert extract(SUBJECT, documents, read=BOTH) == extract(SUBJECT, shuffled, read=BOTH)
