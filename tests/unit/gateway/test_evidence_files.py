"""Files of evidence: what a command says that it kept is there, and what was kept before is not lost."""

from pathlib import Path

from services.contracts.released import NotReleased, WrongRelease
from services.gateway.audit_reports import FORMAT, ReportFile, read_file, save
from services.gateway.wrong_fragments import read_shown, save_shown


def report(index: int) -> ReportFile:
    return ReportFile(format=FORMAT, report={}, signed="s", receipt="r", index=index, evidence=None)


def shown(text: str) -> WrongRelease:
    return WrongRelease(evidence=NotReleased(signed=text, second=text))


def test_report_of_this_audit_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for index in range(2):
        save(report(index), tmp_path / "report.json")
        assert read_file((tmp_path / "report.json").read_bytes()) == report(index)
    assert (tmp_path / "report.json").stat().st_mode & 0o777 == 0o600


def test_what_shows_another_wrong_fragment_is_kept_beside_what_was_kept(tmp_path: Path) -> None:
    """R8: a second wrong fragment of the same body needs its own evidence, and the first one keeps its own."""
    file = tmp_path / "new" / "wrong-fragment-oversight.json"
    files = [save_shown(shown(text), file) for text in ("one", "other", "one")]
    assert [each.name for each in files] == [
        "wrong-fragment-oversight.json",
        "wrong-fragment-oversight-2.json",
        "wrong-fragment-oversight.json",
    ]
    assert [read_shown(each.read_bytes()) for each in files] == [shown("one"), shown("other"), shown("one")]
