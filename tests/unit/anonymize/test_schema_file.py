"""Schemas in TOML files: what is written is read as it was, what cannot be read is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymize as an

EVERY_KIND = """\
sensitive = ["disease"]
identifying = ["name"]

[quasi.age]
hierarchy = "intervals"
widths = [5, 10, 20.0]
origin = [0, 5, 5]
bottom = 18
top = 90.5

[quasi."home town"]
hierarchy = "csv"
file = "levels/town.csv"

[quasi.zip]
hierarchy = "redaction"
length = 5

[quasi.sex]
hierarchy = "suppression"

[quasi.visit]
hierarchy = "dates"
periods = ["month", "year"]

[quasi.pain]
hierarchy = "order"
values = ["none", "some", "much"]
sizes = [2]

[quasi.ward]
hierarchy = "priority"
values = ["a", "b", 3]
keep = [1]

[quasi.organ]
hierarchy = "mapping"
levels = [{ chest = ["lung", "heart"], belly = ["gut"] }]

[quasi.blood]
hierarchy = "table"
rows = [["A", "A or B", "*"], ["B", "A or B", "*"], ["", "unknown", "*"]]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "levels").mkdir()
    (tmp_path / "levels" / "town.csv").write_text("Kyoto;West;*\nTokyo;East;*\n", encoding="utf-8")
    path = tmp_path / "schema.toml"
    path.write_text(EVERY_KIND, encoding="utf-8")
    return path


def test_every_kind_of_hierarchy_has_a_form(file: Path) -> None:
    found = an.Schema.from_toml(file)
    assert found == an.Schema(
        quasi={
            "age": an.Hierarchy.intervals([5, 10, 20], origin=[0, 5, 5], bottom=18, top=90.5),
            "home town": an.Hierarchy.from_levels([("Kyoto", "West", "*"), ("Tokyo", "East", "*")]),
            "zip": an.Hierarchy.redaction(length=5),
            "sex": an.Hierarchy.suppression(),
            "visit": an.Hierarchy.dates(["month", "year"]),
            "pain": an.Hierarchy.order(["none", "some", "much"], sizes=[2]),
            "ward": an.Hierarchy.priority(["a", "b", "3"], keep=[1]),
            "organ": an.Hierarchy.mapping({"lung": "chest", "heart": "chest", "gut": "belly"}),
            "blood": an.Hierarchy.from_levels(
                [("A", "A or B", "*"), ("B", "A or B", "*"), ("", "unknown", "*")]
            ),
        },
        sensitive=["disease"],
        identifying=["name"],
    )


def test_written_schema_is_read_as_an_equal_one(file: Path) -> None:
    schema = an.Schema.from_toml(file)
    (file.parent / "levels" / "town.csv").unlink()
    file.write_text(schema.to_toml(), encoding="utf-8")
    assert an.Schema.from_toml(file) == schema


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.lists(TEXT.filter(lambda text: text not in ("", "*")), min_size=2, max_size=5, unique=True)
HIERARCHIES = st.one_of(
    st.just(an.Hierarchy.suppression()),
    st.builds(lambda values: an.Hierarchy.priority(values, keep=[1]), VALUES),
    st.builds(lambda values: an.Hierarchy.from_levels([(each, "*") for each in values]), VALUES),
    st.builds(
        lambda width, bottom: an.Hierarchy.intervals([width, 3 * width], bottom=bottom),
        st.decimals("1e-9", "1e9", places=9),
        st.none() | st.decimals(-1000, 1000, places=3),
    ),
)


@given(st.dictionaries(TEXT, HIERARCHIES, min_size=1, max_size=3), TEXT, TEXT)
def test_any_name_and_value_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, quasi: dict[str, an.Hierarchy], sensitive: str, note: str
) -> None:
    sensitives = [sensitive] if sensitive not in quasi else []
    schema = an.Schema(quasi, sensitive=sensitives, notes=dict.fromkeys([*quasi, "other\n"], note))
    path = tmp_path_factory.mktemp("schema") / "schema.toml"
    path.write_text(schema.to_toml(), encoding="utf-8", newline="")
    assert an.Schema.from_toml(path) == schema


def test_text_that_is_no_unicode_cannot_be_written() -> None:
    schema = an.Schema({"\ud800": an.Hierarchy.suppression()})
    with pytest.raises(an.SchemaError, match="no valid Unicode"):
        schema.to_toml()


def replaced(old: str, new: str) -> str:
    assert old in EVERY_KIND
    return EVERY_KIND.replace(old, new)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("\nquasi = =\n", an.SchemaError, r"schema\.toml is no TOML.*line 2"),
        ("", an.SchemaError, "quasi: Field required"),
        ("[quasi]", an.SchemaError, "no quasi-identifier"),
        (
            replaced("widths", "width"),
            an.SchemaError,
            r"quasi\.age\.widths: Field required.*quasi\.age\.width: Extra",
        ),
        (replaced("[5, 10, 20.0]", '[5, "10"]'), an.SchemaError, r"quasi\.age\.widths\.1: .*write a number"),
        (replaced("[5, 10, 20.0]", "[5, inf]"), an.SchemaError, r"quasi\.age\.widths\.1: .*finite"),
        (
            replaced("[5, 10, 20.0]", "[5, 12]"),
            an.HierarchyError,
            r"schema\.toml, column 'age': intervals needs",
        ),
        (replaced('"suppression"', '"magic"'), an.SchemaError, r"quasi\.sex: .*'magic'.*'suppression'"),
        (
            replaced("town.csv", "city.csv"),
            an.HierarchyError,
            r"column 'home town': .*city\.csv cannot be read",
        ),
        (
            replaced('"lung", "heart"', '"gut", "heart"'),
            an.HierarchyError,
            "puts 'gut' into 'chest' and 'belly'",
        ),
        (replaced('["name"]', '["age"]'), an.SchemaError, "'age' has two roles"),
        (replaced("[quasi.sex]", "[quasi.zip]"), an.SchemaError, "no TOML"),
        (replaced('values = ["a", "b", 3]', "values = [true]"), an.SchemaError, "write a text or a number"),
        ("extra = 1\n" + EVERY_KIND, an.SchemaError, "extra: Extra inputs"),
    ],
)
def test_file_that_is_no_schema_is_named_with_the_place(
    file: Path, content: str, error: type[an.AnonymizeError], says: str
) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=says):
        an.Schema.from_toml(file)


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(an.SchemaError, match=r"absent\.toml cannot be read"):
        an.Schema.from_toml(tmp_path / "absent.toml")
    (tmp_path / "s.toml").write_bytes(b"\xff")
    with pytest.raises(an.SchemaError, match=r"s\.toml is not UTF-8"):
        an.Schema.from_toml(tmp_path / "s.toml")
