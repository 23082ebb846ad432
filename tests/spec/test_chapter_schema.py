"""Schemas

A schema says what each column is to somebody who wants to recognise a person: a *quasi-identifier*, which others may
know, with its hierarchy; *sensitive*, which nobody may learn of a person; *identifying*, which never leaves. All
other columns are kept as they are.
"""

from pathlib import Path

import pandas as pd
from support.spec import refused, shows

import anonymize as an


def test_roles() -> None:
    """Roles of columns

    The name does not leave, the visit stays as it was.
    """
    table = pd.DataFrame({"name": ["A", "B"], "age": [21, 24], "visit": [1, 2], "disease": ["flu", "ulcer"]})
    schema = an.Schema(
        quasi={"age": an.Hierarchy.intervals([5, 10])}, sensitive=["disease"], identifying=["name"]
    )
    shows(
        an.anonymize(table, schema, models=[an.KAnonymity(2)]).frame,
        """
        | age | visit | disease |
        | --- | --- | --- |
        | [20, 25) | 1 | flu |
        | [20, 25) | 2 | ulcer |
        """,
    )
    with refused("SchemaError: Column 'age' has two roles; leave it in one."):
        an.Schema(quasi={"age": an.Hierarchy.intervals([5])}, sensitive=["age"])


def test_files(tmp_path: Path) -> None:
    """Schemas in files

    A schema file is TOML: two lists and one table per quasi-identifier. `hierarchy` names the kind, the other keys
    are the arguments of its constructor. The file of a `csv` hierarchy is found from the schema's folder; it may
    have `separator` and `encoding`. `to_toml` writes such a file.
    """
    (tmp_path / "town.csv").write_text("Shibuya;Tokyo;*\nKita;Osaka;*\n", encoding="utf-8")
    path = tmp_path / "schema.toml"
    path.write_text(
        """
        sensitive = ["disease"]
        identifying = ["name"]

        [quasi.age]
        hierarchy = "intervals"
        widths = [5, 10, 20]
        origin = 0                        # or one per level
        bottom = 18                       # may be left out, as top
        top = 90

        [quasi.town]
        hierarchy = "csv"
        file = "town.csv"

        [quasi.zip]
        hierarchy = "redaction"
        start = "right"
        length = 5                        # without it, the longest value's

        [quasi.visit]
        hierarchy = "dates"
        periods = ["month", "year"]

        [quasi.pain]
        hierarchy = "order"
        values = ["none", "some", "much", "most"]
        sizes = [2]

        [quasi.ward]
        hierarchy = "priority"
        values = ["medicine", "surgery", "eye"]
        keep = [2, 1]

        [quasi.organ]
        hierarchy = "mapping"
        levels = [{ chest = ["lung", "heart"], belly = ["gut"] }]

        [quasi.blood]
        hierarchy = "table"
        rows = [["A", "A or B", "*"], ["B", "A or B", "*"], ["O", "O", "*"]]

        [quasi.sex]
        hierarchy = "suppression"
        """,
        encoding="utf-8",
    )
    schema = an.Schema.from_toml(path)
    shows(", ".join(schema.quasi), "`age, town, zip, visit, pain, ward, organ, blood, sex`")


def test_mistakes(tmp_path: Path) -> None:
    """Mistakes in files

    Are told with the key that they are in.
    """
    path = tmp_path / "schema.toml"
    path.write_text('[quasi.age]\nhierarchy = "intervals"\nwidth = 5\n', encoding="utf-8")
    with refused(
        """SchemaError: The schema schema.toml has no such form: quasi.age.widths: Field required; quasi.age.width:
        Extra inputs are not permitted; correct it."""
    ):
        an.Schema.from_toml(path)


def test_draft() -> None:
    """A first draft

    `Schema.suggest` guesses from names and values, and says why. It must be read: what others know of people, and
    what people would keep to themselves, is in no table.
    """
    table = pd.DataFrame(
        {
            "patient_id": range(1, 31),
            "age": [20 + 2 * (n % 25) for n in range(30)],
            "zip": ["81667", "81675", "81925"] * 10,
            "sex": ["f", "m"] * 15,
            "disease": ["flu", "ulcer", "asthma"] * 10,
        }
    )
    draft = an.Schema.suggest(table)
    shows(
        draft.notes,
        """
        |  |  |
        | --- | --- |
        | patient_id | identifying: its name says that it is somebody's number or contact. |
        | age | quasi-identifier: numbers; choose widths and boundaries that mean something, and bottom and top. |
        | zip | quasi-identifier: codes, masked from the right. |
        | sex | quasi-identifier: few values, shown or not. |
        | disease | sensitive? Its name only says so; if others may know it, make it a quasi-identifier. |
        """,
    )
