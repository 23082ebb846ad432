"""Tables anonymised by command: from a draft to a table that passes, and what unsuitable input is told."""

import json
from pathlib import Path

import pytest
from support.anonymise_folder import ANONYMIZE, ROWS, SCHEMA, TABLE, Words, fill, gives
from support.command_line import assert_one_line, within

import anonymize as an
from services.commands.table_files import read_table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path)


def test_table_leaves_recoded_and_is_measured_as_asked(folder: Path) -> None:
    said = gives(*ANONYMIZE, "--k", "4", "--l", "disease:2")
    assert "8 rows read (utf-8, separator ',')" in said
    assert "levels: age=2, zip=2" in said
    assert "0 rows suppressed" in said
    found = read_table(folder / "out.csv").frame
    assert list(found.columns) == ["age", "zip", "disease", "visit"]
    by_visit = found.sort_values("visit")
    assert by_visit["disease"].tolist() == [row.split(",")[3] for row in ROWS]
    assert by_visit["zip"].tolist() == ["1**"] * 4 + ["2**"] * 4
    assert "'=1+1" in (folder / "out.csv").read_text(encoding="utf-8")
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert report["classes"]["smallest"] == 4
    measured = json.loads(
        gives("measure", "out.csv", "--quasi", "age,zip", "--sensitive", "disease", "--json")
    )
    assert measured["k"] == 4
    assert measured == an.measure(found, quasi=["age", "zip"], sensitive=["disease"]).to_dict()
    assert "prosecutor.highest               0.25" in gives("measure", "out.csv", "--quasi", "age,zip")


def test_report_is_a_page_when_its_name_says_so(folder: Path) -> None:
    words = [word if word != "r.json" else "r.html" for word in ANONYMIZE]
    gives(*words, "--k", "4")
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "at least 4 rows that may be the person" in page


def test_rows_leave_in_another_order_every_time(folder: Path) -> None:
    """RI6: nothing of the input's order is in the output's; 8 rows have 40,320 orders."""
    orders = set()
    for number in range(5):
        out = f"out{number}.csv"
        gives("anonymize", "in.csv", "--schema", "s.toml", "--k", "4", "--out", out)
        orders.add(tuple(read_table(folder / out).frame["visit"]))
    assert len(orders) > 1


def test_draft_is_a_schema_that_can_be_used(folder: Path) -> None:
    said = gives("suggest", "in.csv", "--out", "draft.toml")
    assert (
        said
        == "3 quasi-identifiers, 1 identifying and 1 sensitive columns guessed; correct them in draft.toml\n"
    )
    assert "# name: identifying" in (folder / "draft.toml").read_text(encoding="utf-8")
    gives("anonymize", "in.csv", "--schema", "draft.toml", "--k", "2", "--out", "out.csv")


def test_risks_are_bounded_beside_a_population(folder: Path) -> None:
    more = "K,24,127,flu,9\nL,25,128,flu,9\nM,26,129,flu,9\n"
    (folder / "all.csv").write_text(TABLE + more, encoding="utf-8")
    risks = ["--max-risk", "0.5", "--average-risk", "0.5", "--population", "all.csv"]
    gives(*ANONYMIZE, *risks, "--k-map", "3", "--presence", "0:0.9")
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert {each["model"] for each in report["asked"]["models"]} == {
        "maximal risk",
        "average risk",
        "k-map",
        "delta-presence",
    }
    assert all(each["population"] == 11 for each in report["asked"]["models"])
    for words in (["--k-map", "3"], ["--presence", "0:1"]):
        refused = within(*ANONYMIZE, *words, "--force")
        assert refused.returncode == 2
        assert "name its file with --population" in refused.stderr
    refused = within(*ANONYMIZE, "--presence", "0.5", "--population", "all.csv", "--force")
    assert "write LOW:HIGH" in refused.stderr
    small = "name,age,zip,disease,visit\nA,20,123,flu,0\n"
    (folder / "all.csv").write_text(small, encoding="utf-8")
    told = assert_one_line(within(*ANONYMIZE, "--k-map", "3", "--population", "all.csv", "--force"))
    assert "lacks rows of the table" in told


def test_local_recoding_loses_less(folder: Path) -> None:
    (folder / "in.csv").write_text(TABLE + "I,20,123,flu,8\nJ,20,123,flu,9\n", encoding="utf-8")
    gives(*ANONYMIZE, "--k", "2")
    globally = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    told = gives(*ANONYMIZE, "--k", "2", "--recoding", "local", "--force")
    locally = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert "coarsest levels: " in told
    assert locally["asked"]["recoding"] == "local"
    assert locally["loss"]["total"] < globally["loss"]["total"]


def test_local_recoding_that_ran_out_of_time_says_so(folder: Path) -> None:
    told = gives(*ANONYMIZE, "--k", "2", "--recoding", "local", "--time-limit", "0.000001")
    assert "stopped" in told
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert report["search"]["stopped"]
    assert report["classes"]["smallest"] >= 2
    told = gives(*ANONYMIZE, "--k", "2", "--recoding", "local", "--force")
    assert "stopped" not in told


def test_every_model_has_its_option(folder: Path) -> None:
    asked = ["--k", "2", "--l", "disease:2", "--entropy-l", "disease:1.5", "--recursive", "disease:4:2"]
    gain = ["--t", "disease:0.9", "--beta", "disease:9", "--delta", "disease:9"]
    gives(*ANONYMIZE, *asked, *gain, "--levels", "age=4")
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert [each["model"] for each in report["asked"]["models"]] == [
        "k-anonymity",
        "distinct l-diversity",
        "entropy l-diversity",
        "recursive (c,l)-diversity",
        "t-closeness",
        "enhanced beta-likeness",
        "delta-disclosure privacy",
    ]
    (folder / "s.toml").write_text(SCHEMA.replace("disease", "visit"), encoding="utf-8")
    gives(*ANONYMIZE, "--force", "--t-ordered", "visit:0.5")


@pytest.mark.parametrize("loss", ["granularity", "precision", "entropy", "discernibility", "class-size"])
def test_every_loss_has_its_name(folder: Path, loss: str) -> None:
    weights = [] if "-" in loss or loss == "discernibility" else ["--weight", "age=2"]
    assert "levels: age=" in gives(*ANONYMIZE, "--k", "2", "--loss", loss, *weights)


def test_levels_and_suppression_are_as_allowed(folder: Path) -> None:
    said = gives(
        *ANONYMIZE,
        "--k",
        "3",
        "--levels",
        "age=3,4",
        "--levels",
        "zip=3",
        "--suppression",
        "0.1",
        "--separator",
        ",",
    )
    assert "levels: age=3, zip=3" in said


def test_files_of_windows_are_read(folder: Path) -> None:
    (folder / "in.csv").write_bytes(TABLE.replace(",", "\t").replace("flu", "風邪").encode("cp932"))
    assert "(cp932, separator '\\t')" in gives(*ANONYMIZE, "--k", "4")
    assert "風邪" in (folder / "out.csv").read_text(encoding="utf-8")
    gives(*ANONYMIZE, "--k", "4", "--force", "--encoding", "cp932", "--separator", "tab")


LEDGER: Words = [
    "--ledger",
    "sqlite:///ledger.sqlite",
    "--recipient",
    "univ-x",
    "--person",
    "name",
    "--key-file",
    "key",
]


def test_ledger_lets_leave_only_what_is_safe_together(folder: Path) -> None:
    """RI1: a second coarsening that singles somebody out with the first does not leave; another one is found."""
    widths = SCHEMA.replace("widths = [5, 10, 20]", "widths = [20]\norigin = 16")
    (folder / "other.toml").write_text(widths, encoding="utf-8")
    first = gives(*ANONYMIZE, "--k", "2", *LEDGER, "--levels", "zip=3", "--levels", "age=1")
    assert "rows in random order" in first
    second: Words = ["anonymize", "in.csv", "--schema", "other.toml", "--out", "second.csv", "--k", "2"]
    rest: Words = ["--levels", "zip=3", "--levels", "age=1"]
    assert_one_line(within(*second, *LEDGER, *rest), "joint with earlier releases, recipient univ-x")
    assert not (folder / "second.csv").exists()
    assert "levels: age=2," in gives(*second, *LEDGER)


def test_lost_ledger_is_not_used(folder: Path) -> None:
    """The anchor knows that there was a release; without a key file the ledger makes its own."""
    own: Words = [
        "--ledger",
        "sqlite:///own.sqlite",
        "--recipient",
        "univ-x",
        "--person",
        "name",
        "--anchor",
        "head",
    ]
    gives(*ANONYMIZE, "--k", "4", *own)
    assert (folder / "own.sqlite.key").stat().st_size == 32
    (folder / "own.sqlite").unlink()
    (folder / "own.sqlite.key").unlink()
    again: Words = ["anonymize", "in.csv", "--schema", "s.toml", "--out", "again.csv", "--k", "4"]
    assert_one_line(within(*again, *own), "behind its anchor")
    assert not (folder / "again.csv").exists()


def test_search_may_be_stopped(folder: Path) -> None:
    gives(*ANONYMIZE, "--k", "4", "--time-limit", "30")
    assert_one_line(within(*ANONYMIZE, "--k", "4", "--force", "--time-limit", "0"), "--time-limit", status=2)


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        (["--k", "9"], "No allowed transformation satisfies the models", 1),
        (["--k", "2", "--l", "disease:9"], "distinct l-diversity, column disease, l 9", 1),
        (["--k", "0"], "k must be a whole number of at least 1", 1),
        (["--k", "many"], "many", 2),
        ([], "at least one model", 2),
        (["--k", "2", "--l", "disease"], "write COLUMN:VALUE", 2),
        (["--k", "2", "--l", "disease:x"], "'x' is not a whole number", 2),
        (["--k", "2", "--entropy-l", "disease:x"], "'x' is not a number", 2),
        (["--k", "2", "--recursive", "disease:3"], "write COLUMN:VALUE:VALUE", 2),
        (["--k", "2", "--recursive", "disease:0:2"], "c must be a number above 0", 1),
        (["--k", "2", "--t", "disease:2"], "t must lie between 0 and 1", 1),
        (["--k", "2", "--t-ordered", "disease:0.5"], "no numbers", 1),
        (["--k", "2", "--loss", "joy"], "joy", 2),
        (["--k", "2", "--loss", "class-size", "--weight", "age=2"], "--weight is for the losses", 2),
        (["--k", "2", "--weight", "age=much"], "'much' is not a number", 2),
        (["--k", "2", "--weight", "age=-1"], "weight", 1),
        (["--k", "2", "--weight", "town=1"], "'town', which is no quasi-identifier", 1),
        (["--k", "2", "--l", "visit:2"], "'visit', which the schema does not call sensitive", 1),
        (["--k", "2", "--suppression", "2"], "between 0 and 1", 1),
        (["--k", "2", "--suppression", "nan"], "between 0 and 1", 1),
        (["--k", "2", "--levels", "age"], "write COLUMN=VALUE", 2),
        (["--k", "2", "--levels", "age=9"], "levels 0 to 4", 1),
        (["--k", "2", "--levels", "town=1"], "'town', which is no quasi-identifier", 1),
        (["--k", "2", "--levels", "age=1", "--levels", "age=2"], "'age' twice", 2),
        (["--k", "2", "--separator", ";;"], "in.csv: The separator must be one character", 1),
        (["--k", "2", "--separator", "|"], "no column 'age'", 1),
        (["--k", "2", "--encoding", "klingon"], "no encoding 'klingon'", 1),
        (["--k", "2", "--report", "r.pdf"], "must end in .json or .html", 2),
        (["--k", "2", "--report", "out.csv"], "must end in .json or .html", 2),
        (["--k", "2", "--out", "none/out.csv"], "none", 1),
        (["--k", "2", "--out", "in.csv", "--force"], "another one than all other files", 2),
        (["--k", "2", "--out", "s.toml"], "another one than all other files", 2),
        (["--k", "2", "--out", "key"], "key exists already", 1),
        (["--k", "2", "--ledger", "sqlite:///l.sqlite"], "all of --ledger, --recipient and --person", 2),
        (["--k", "2", *LEDGER, "--person", "visit"], "not among the schema's identifying columns", 2),
        (["--l", "disease:2", *LEDGER, "--ledger", "sqlite://"], "without KAnonymity", 1),
        (["--k", "2", *LEDGER, "--ledger", "nonsense"], "URL cannot be read", 1),
        (["--k", "2", *LEDGER, "--ledger", "sqlite:///none/l.sqlite"], "database cannot be used", 1),
    ],
)
def test_words_that_cannot_be_followed_are_told_and_nothing_is_written(
    folder: Path, words: Words, expected: str, status: int
) -> None:
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert_one_line(within(*ANONYMIZE, *words), expected, status=status)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def test_nothing_is_replaced_unless_asked(folder: Path) -> None:
    (folder / "out.csv").write_text("mine", encoding="utf-8")
    assert_one_line(within(*ANONYMIZE, "--k", "2"), "out.csv exists already", "--force")
    assert (folder / "out.csv").read_text(encoding="utf-8") == "mine"
    gives(*ANONYMIZE, "--k", "2", "--force")
    assert (folder / "out.csv").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        (["measure", "in.csv", "--quasi", "age,town"], "no column 'town'", 1),
        (["measure", "in.csv", "--quasi", "age", "--sensitive", "age"], "two roles", 1),
        (["measure", "in.csv"], "--quasi", 2),
        (["measure", "none.csv", "--quasi", "age"], "does not exist", 2),
        (["suggest", "in.csv", "--out", "s.toml"], "s.toml exists already", 1),
        (["suggest", "key", "--out", "draft.toml"], "key: ", 1),
    ],
)
def test_other_commands_tell_what_is_wrong(folder: Path, words: Words, expected: str, status: int) -> None:
    assert_one_line(within(*words), expected, status=status)
    assert not (folder / "draft.toml").exists()
