"""The generated pages of the documentation are what the code says now."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Column, MetaData, String, Table

from consent.vocabulary import Body
from docs import generate, tables
from services.kit.columns import clear


def test_no_generated_page_is_stale() -> None:
    assert generate.stale() == [], "run `make docs` and commit what it writes"


def test_changed_page_is_reported_and_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "pages", lambda: {"one.md": lambda: "text\n", "two.md": lambda: "more\n"})
    assert generate.write() == ["one.md", "two.md"]
    (tmp_path / "two.md").write_text("changed")
    assert generate.stale() == ["two.md"]
    assert generate.write() == ["two.md"]
    assert generate.stale() == []


def test_column_without_a_reason_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = MetaData()
    Table("silent", metadata, Column("told", String, info=clear("why")), Column("untold", String))

    class Module:
        """Stands for a body's tables."""

        metadata: ClassVar[MetaData]

    Module.metadata = metadata
    monkeypatch.setattr(tables, "_module", lambda _body, _name: Module)
    with pytest.raises(tables.UndeclaredError, match=r"silent\.untold"):
        tables.columns_page()


def test_every_body_has_its_section_on_every_page() -> None:
    for name in ("settings.md", "stored-columns.md", "data-flow.md", "permissions.md"):
        text = (generate.FOLDER / name).read_text(encoding="utf-8")
        missing = [body.value for body in _bodies() if f"## {body.value}\n" not in text]
        assert missing == [], name


def _bodies() -> Iterator[Body]:
    yield from Body
