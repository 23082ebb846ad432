"""The release ledger: a table leaves only if it fits all that its recipient can hold."""

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, MetaData, create_engine, text
from support.ledgers import sent_at_once

import anonymize as an

KEY = bytes(range(32))
PERSONS = [f"person-{number}" for number in range(12)]
TABLE = pd.DataFrame({"age": [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33], "disease": list("abcabcabcabc")})


def result(
    df: pd.DataFrame = TABLE, *, width: int = 10, origin: int = 0, k: int = 3, diversity: int = 1
) -> an.Result:
    schema = an.Schema(quasi={"age": an.Hierarchy.intervals([width], origin=origin)}, sensitive=["disease"])
    models: list[an.Model] = [an.KAnonymity(k), an.DistinctLDiversity("disease", diversity)]
    return an.anonymize(df, schema, models=models, levels={"age": 1})


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(database: str) -> an.ReleaseLedger:
    return an.ReleaseLedger(database, key=KEY, rng=random.Random(7))


@pytest.fixture
def connection() -> Iterator[Connection]:
    with create_engine("sqlite://").connect() as opened:
        yield opened


def test_first_release_leaves_with_all_rows(ledger: an.ReleaseLedger) -> None:
    release = ledger.release(result(), recipient="univ-x", persons=PERSONS)
    assert sorted(release.frame["age"]) == sorted(result().frame["age"])
    assert (release.id, release.recipient) == (1, "univ-x")
    assert [(record.recipient, record.k) for record in ledger.records()] == [("univ-x", 3)]


def test_identical_release_is_allowed_again(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    assert ledger.verify() == 2


def test_coarser_release_of_the_same_persons_is_allowed(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    ledger.release(result(width=20), recipient="univ-x", persons=PERSONS)
    assert ledger.verify() == 2


def test_refusal_names_the_earlier_release_and_leaves_the_ledger_as_it_was(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(width=20), recipient="univ-x", persons=PERSONS)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError) as refused:
        ledger.release(result(), recipient="univ-x", persons=[*PERSONS[1:], PERSONS[0]])
    assert refused.value.releases == (1, 2)
    assert ledger.verify() == 2
    assert all(person not in str(refused.value) for person in PERSONS)


def test_counts_of_a_refusal_are_for_the_operator_only(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(width=20), recipient="univ-x", persons=PERSONS)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError) as refused:
        ledger.release(result(), recipient="univ-x", persons=[*PERSONS[1:], PERSONS[0]])
    assert not hasattr(refused.value, "smallest")
    assert "12" not in str(refused.value)
    (kept,) = ledger.refusals()
    assert (kept.recipient, kept.smallest, kept.persons, kept.involved) == ("univ-x", 1, 12, (1, 2))
    assert (kept.reason, kept.entry) == (refused.value.reason, 3)


def test_another_recipient_is_judged_by_what_it_holds_itself_where_the_policy_says_so(
    ledger: an.ReleaseLedger, database: str
) -> None:
    shifted = result(width=12, origin=-1)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError):
        ledger.release(shifted, recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError, match="what other recipients hold") as refused:
        ledger.release(shifted, recipient="univ-y", persons=PERSONS)
    assert refused.value.releases == (), "what others hold is not told"
    apart = an.ReleaseLedger(database, key=KEY, policy=an.LedgerPolicy(k_union=1))
    apart.release(shifted, recipient="univ-y", persons=PERSONS)


def test_public_release_counts_for_every_recipient(ledger: an.ReleaseLedger) -> None:
    shifted = result(width=12, origin=-1)
    ledger.release(result(), recipient=an.PUBLIC, persons=PERSONS)
    with pytest.raises(an.JointDisclosureError, match="release 1"):
        ledger.release(shifted, recipient="univ-x", persons=PERSONS)


def test_public_release_is_checked_with_what_each_recipient_holds(ledger: an.ReleaseLedger) -> None:
    shifted = result(width=12, origin=-1)
    ledger.release(result(width=40), recipient="univ-a", persons=PERSONS)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError) as refused:
        ledger.release(shifted, recipient=an.PUBLIC, persons=PERSONS)
    assert refused.value.releases == (), "no public one was held"
    assert [each.involved for each in ledger.refusals()] == [(2,)]


def test_promise_of_the_stricter_release_is_kept(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(width=20, k=6), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError, match="fewer than 6 persons"):
        ledger.release(result(k=3), recipient="univ-x", persons=PERSONS)


def test_more_persons_may_be_asked_for_than_the_model_did(ledger: an.ReleaseLedger) -> None:
    with pytest.raises(an.JointDisclosureError, match="fewer than 4 persons") as refused:
        ledger.release(result(k=2), recipient="univ-x", persons=PERSONS, k=4)
    assert refused.value.releases == ()


def test_disjoint_cohorts_may_follow_each_other(ledger: an.ReleaseLedger) -> None:
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    ledger.release(result(), recipient="univ-x", persons=[f"other-{number}" for number in range(12)])
    assert ledger.verify() == 2


def test_three_releases_that_fail_only_together_are_refused(ledger: an.ReleaseLedger) -> None:
    # Persons are points of a cube of 2x2x2, one bit shown per release: two releases leave pairs alone.
    persons = [f"{bits:03b}" for bits in range(8)]

    def showing(bit: int) -> an.Result:
        df = pd.DataFrame({"age": [int(person[bit]) * 10 for person in persons], "disease": "a"})
        return result(df, k=2)

    ledger.release(showing(0), recipient="univ-x", persons=persons)
    ledger.release(showing(1), recipient="univ-x", persons=persons)
    with pytest.raises(an.JointDisclosureError, match="release 1, 2") as refused:
        ledger.release(showing(2), recipient="univ-x", persons=persons)
    assert refused.value.releases == (1, 2)
    assert [(each.smallest, each.persons) for each in ledger.refusals()] == [(1, 8)]


@pytest.mark.parametrize(
    ("persons", "says"),
    [
        (PERSONS[1:], "11 entries for 12 rows"),
        ([*PERSONS[1:], PERSONS[1]], "more than one row"),
        ([*PERSONS[1:], None], "none missing"),
    ],
)
def test_persons_that_do_not_fit_the_rows_are_refused(
    ledger: an.ReleaseLedger, persons: list[str], says: str
) -> None:
    with pytest.raises(an.LedgerError, match=says):
        ledger.release(result(), recipient="univ-x", persons=persons)


def test_release_without_a_name_or_a_number_is_refused(ledger: an.ReleaseLedger) -> None:
    with pytest.raises(an.LedgerError, match="no name"):
        ledger.release(result(), recipient="", persons=PERSONS)
    diverse = an.anonymize(
        TABLE,
        an.Schema(quasi={"age": an.Hierarchy.suppression()}, sensitive=["disease"]),
        models=[an.DistinctLDiversity("disease", 2)],
    )
    with pytest.raises(an.LedgerError, match="without KAnonymity"):
        ledger.release(diverse, recipient="univ-x", persons=PERSONS)


def test_of_two_releases_at_once_only_one_that_fits_the_other_leaves(database: str) -> None:
    exports = [result(width=width, origin=-1) for width in (12, 15) * 3]
    outcomes = sent_at_once(database, exports, key=KEY, persons=PERSONS)
    assert outcomes == ["refused"] * 3 + ["released"] * 3
    assert an.ReleaseLedger(database, key=KEY).verify() == 3


def test_short_key_is_refused(database: str) -> None:
    with pytest.raises(an.LedgerError, match="at least 32 bytes"):
        an.ReleaseLedger(database, key=b"short").verify()


@pytest.mark.parametrize("url", ["mssql+pyodbc://", "no URL"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(an.LedgerError, match="sqlite"):
        an.ReleaseLedger(url, key=KEY)


def test_ledger_file_holds_neither_persons_nor_values(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    df = TABLE.assign(disease=["canary-one", "canary-two"] * 6)
    ledger = an.ReleaseLedger(f"sqlite:///{path}", key=KEY)
    ledger.release(result(df, diversity=2), recipient="univ-x", persons=PERSONS)
    stored = path.read_bytes()
    assert b"univ-x" in stored
    assert b"canary" not in stored
    assert b"person-" not in stored


def test_contents_of_the_same_release_have_nothing_in_common(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'two.db'}"
    ledger = an.ReleaseLedger(url, key=KEY)
    for _ in range(2):
        ledger.release(result(diversity=2), recipient="univ-x", persons=PERSONS)
    with create_engine(url).connect() as opened:
        first, second = opened.execute(text("SELECT sealed FROM ledger_content ORDER BY entry")).scalars()
    blocks = [{each[at : at + 8] for at in range(len(each) - 8)} for each in (first, second)]
    assert not blocks[0] & blocks[1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_content SET sealed = substr(sealed, 2) WHERE entry = 2",
        "UPDATE ledger_content SET sealed = (SELECT sealed FROM ledger_content WHERE entry = 1)",
        "DELETE FROM ledger_content WHERE entry = 1",
        "UPDATE ledger_content SET sealed = x'', entry = 3 WHERE entry = 2",
        "UPDATE ledger_entry SET recipient = 'univ-y' WHERE id = 1",
        "UPDATE ledger_entry SET kind = 'refusal' WHERE id = 1",
        """UPDATE ledger_entry SET promise = '{"diversity": {}, "k": 1, "k_union": 1}' WHERE id = 1""",
        "UPDATE ledger_entry SET promise = 'no JSON' WHERE id = 2",
        "UPDATE ledger_entry SET digest = x'00' WHERE id = 2",
        "DELETE FROM ledger_entry WHERE id = 1",
        "DELETE FROM ledger_entry WHERE id = 2",
        "UPDATE ledger_head SET entries = 1",
        "DELETE FROM ledger_head",
    ],
)
def test_altered_ledger_releases_nothing(ledger: an.ReleaseLedger, database: str, statement: str) -> None:
    for _ in range(2):
        ledger.release(result(diversity=2), recipient="univ-x", persons=PERSONS)
    with create_engine(database).begin() as opened:
        assert opened.execute(text(statement)).rowcount > 0
    with pytest.raises(an.LedgerError, match="altered"):
        ledger.verify()
    with pytest.raises(an.LedgerError, match="altered"):
        ledger.release(result(diversity=2), recipient="univ-x", persons=PERSONS)


def test_ledger_under_another_key_is_not_believed(ledger: an.ReleaseLedger, database: str) -> None:
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.LedgerError, match="altered"):
        an.ReleaseLedger(database, key=bytes(32)).verify()


def test_service_owns_tables_and_commits(connection: Connection) -> None:
    metadata = MetaData()
    tables = an.ReleaseLedger.tables(metadata)
    metadata.create_all(connection)
    connection.commit()
    book = an.ConnectedLedger(connection, tables, key=KEY)
    book.decide(result(), recipient="univ-x", persons=PERSONS)
    assert book.verify() == 1
    connection.rollback()
    assert book.verify() == 0
    book.decide(result(), recipient="univ-x", persons=PERSONS)
    connection.commit()
    assert book.verify() == 1


def test_released_categories_show_nothing_that_was_not_released(ledger: an.ReleaseLedger) -> None:
    df = TABLE.assign(ward=pd.Categorical(["east"] * 12, categories=["east", "secret ward"]))
    df.attrs["source"] = "hospital A"
    release = ledger.release(result(df), recipient="univ-x", persons=PERSONS)
    assert release.frame["ward"].tolist() == ["east"] * 12
    assert release.frame["ward"].dtype != "category"
    assert release.frame.attrs == {}
