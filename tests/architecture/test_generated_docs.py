"""The generated pages of the documentation are what the code says now."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Column, MetaData, String, Table

from consent.vocabulary import Body
from docs import chapters, generate, tables
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


def test_chapter_becomes_code_and_what_it_shows(tmp_path: Path) -> None:
    file = tmp_path / "test_chapter_counting.py"
    file.write_text(CHAPTER, encoding="utf-8")
    assert chapters.chapter_page(file) == PAGE


@pytest.mark.parametrize(
    "change",
    [
        ("Counting", ""),
        ('    shows(\n        ONE + two,\n        "`3`",\n    )\n    prints("sekisho add 1", "1")\n', ""),
    ],
)
def test_chapter_that_is_not_written_as_one_stops_the_page(tmp_path: Path, change: tuple[str, str]) -> None:
    file = tmp_path / "test_chapter_counting.py"
    file.write_text(CHAPTER.replace(*change).replace('""""""', ""), encoding="utf-8")
    with pytest.raises(chapters.ChapterError):
        chapters.chapter_page(file)


CHAPTER = '''"""Counting"""

from support.spec import refused, shows

ONE = 1


def test_numbers() -> None:
    """Numbers

    Are added.
    """
    with refused("Error: no\\n  number"):
        add(None)
    # why
    two = 2

    shows(
        ONE + two,
        "`3`",
    )
    prints("sekisho add 1", "1")
'''
PAGE = """# Counting

```python
ONE = 1
```

## Numbers

Are added.

```python
add(None)
```

> Error: no number

```python
two = 2

ONE + two
```

`3`

```
$ sekisho add 1
1
```
"""
