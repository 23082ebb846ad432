"""The report of an anonymisation, as JSON and as a page."""

import hashlib
import io
import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.digest import digest
from anonymize.guarantees import guarantees

RNG = np.random.default_rng(8)
TABLE = pd.DataFrame(
    {
        "name": [f"Person-{number}" for number in range(60)],
        "age": RNG.integers(20, 60, 60),
        "sex": RNG.choice(["f", "m"], 60),
        "disease": RNG.choice(["influenza", "asthma", "gout"], 60),
    }
)
SCHEMA = an.Schema(
    {"age": an.Hierarchy.intervals([5, 20]), "sex": an.Hierarchy.suppression()},
    sensitive=["disease"],
    identifying=["name"],
)
MODELS: list[an.Model] = [
    an.KAnonymity(5),
    an.DistinctLDiversity("disease", 2),
    an.TCloseness("disease", 0.4),
]


def result(**options: Any) -> an.Result:
    return an.anonymize(TABLE, SCHEMA, models=MODELS, suppression_limit=0.2, **options)


def test_report_says_what_was_asked_and_is_guaranteed() -> None:
    report: Any = result(loss=an.NormalisedEntropy({"age": 2.0})).report
    assert report["asked"]["loss"] == {"loss": "normalised entropy", "weights": {"age": 2.0}}
    assert [each["model"] for each in report["guaranteed"]] == [
        "k-anonymity",
        "distinct l-diversity",
        "t-closeness",
    ]
    assert "at least 5 rows" in report["guaranteed"][0]["en"]
    assert "5行以上" in report["guaranteed"][0]["ja"]
    assert report["seed"] is None
    json.dumps(report)


def test_every_model_has_a_sentence_also_for_its_suppressed_rows() -> None:
    listed: list[an.Model] = [
        *MODELS,
        an.EntropyLDiversity("disease", 2),
        an.RecursiveDiversity("disease", 2, 2),
    ]
    for satisfied, words in ((True, "satisfy it too"), (False, "do not satisfy it")):
        block = [{**model.describe(), "satisfied": satisfied} for model in listed]
        for model, said in zip(listed, guarantees(listed, block), strict=True):
            assert str(model.describe()["model"]) == said["model"]
            assert str(said["en"]).endswith(".")
            assert str(said["ja"]).endswith("。")
            assert words in str(said["block_en"])
    assert guarantees(listed, [])[0]["block_en"] == "No row is suppressed."


class Unlisted:
    """Something new.

    Guarantees: nobody
    is found.
    Source: none.
    """

    sensitive = ()

    def check(self, table: object) -> Any:
        raise AssertionError("a model that is only described is not asked to judge")

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "novelty", "n": 3}


def test_model_without_a_sentence_is_told_by_what_it_documents() -> None:
    said = guarantees([Unlisted()], [])[0]
    assert said["en"] == "The released table satisfies novelty (n 3). Nobody is found."


def test_class_sizes_and_risks_are_those_of_the_released_table() -> None:
    found = result()
    report: Any = found.report
    sizes = found.frame.groupby(["age", "sex"]).size()
    assert report["classes"]["count"] == len(sizes)
    assert sum(span["rows"] for span in report["classes"]["sizes"]) == len(TABLE)
    assert sum(span["classes"] for span in report["classes"]["sizes"]) == len(sizes)
    assert report["risk"]["after"]["prosecutor"]["highest"] == 1 / sizes.min()
    assert report["risk"]["after"]["marketer"]["average"] == len(sizes) / len(TABLE)
    assert report["risk"]["before"]["prosecutor"]["highest"] == 1


def test_full_report_adds_losses_digests_and_rules() -> None:
    found = result()
    full: Any = found.full_report(sampling_fraction=0.1)
    assert full["losses"]["granularity"] == pytest.approx(found.loss)
    assert set(full["losses"]) == {
        "granularity",
        "precision",
        "normalised entropy",
        "discernibility",
        "average class size",
    }
    assert full["digests"]["output"] == digest(found.frame)
    assert full["digests"]["input"] == digest(TABLE)
    assert full["population_uniqueness"]["after"]["dankar"] == 0
    assert full["population_uniqueness"]["before"]["dankar"] > 0
    assert not any(
        place["column"] == "name" for check in full["rules"]["safe_harbor"] for place in check["places"]
    )
    text = json.dumps(full, ensure_ascii=False)
    assert "influenza" not in text
    assert "Person-" not in text


def test_target_adds_how_well_it_is_still_predicted() -> None:
    found = result()
    full: Any = found.full_report(target="disease")
    accuracy = full["classification_accuracy"]
    assert accuracy["target"] == "disease"
    assert accuracy["majority"] == TABLE["disease"].value_counts(normalize=True).max()
    page = Page(found.report_page(target="disease"))
    assert f"{accuracy['anonymised']:.1%}" in page.text
    with pytest.raises(an.SchemaError, match="no column 'wealth'"):
        found.full_report(target="wealth")


def test_loss_of_classes_still_reports_a_loss_per_column() -> None:
    report: Any = result(loss=an.Discernibility()).report
    assert set(report["loss"]["columns"]) == {"age", "sex"}
    assert 0 <= report["loss"]["total"] <= 1


def test_digest_of_the_input_is_that_of_the_table_that_was_given() -> None:
    df = TABLE.copy()
    found = an.anonymize(df, SCHEMA, models=[an.KAnonymity(2)])
    df.loc[0, "age"] = 99
    full: Any = found.full_report()
    assert full["digests"]["input"] == digest(TABLE)


def test_digest_is_what_its_method_says() -> None:
    df = pd.DataFrame({"a": [2.0, 1.0, None], "b": ["y", "ü", "x"]})
    lines = ['["a", "b"]\n', '["1", "ü"]\n', '["2", "y"]\n', '[null, "x"]\n']
    assert digest(df) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_digest_tells_rows_not_their_order() -> None:
    shuffled = TABLE.sample(frac=1, random_state=1)
    again = pd.read_csv(io.StringIO(shuffled.to_csv(index=False)))
    assert digest(shuffled) == digest(again) == digest(TABLE)
    assert digest(TABLE.assign(age=TABLE["age"].replace(TABLE["age"][0], 19))) != digest(TABLE)
    assert digest(TABLE.head(59)) != digest(TABLE)
    assert digest(TABLE.rename(columns={"age": "years"})) != digest(TABLE)
    assert digest(TABLE.astype({"age": object}).assign(age=True)) != digest(TABLE.assign(age=1))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_page_loads_nothing_and_runs_nothing() -> None:
    page = Page(result().report_page())
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")


def test_page_can_be_read_without_seeing_it() -> None:
    page = Page(result().report_page(sampling_fraction=0.1))
    assert page.all("html") == [{"lang": "en"}]
    assert {attributes["lang"] for attributes in page.all("span")} >= {"ja"}
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    svgs = page.all("svg")
    assert len(svgs) == 3
    identifiers = Counter(attributes["id"] for _, attributes in page.tags if attributes.get("id"))
    assert max(identifiers.values()) == 1
    for attributes in svgs:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= set(identifiers)
    assert len(page.all("h1")) == 1


def test_page_shows_released_rows_and_no_value_that_stays() -> None:
    found = result()
    text = found.report_page()
    assert "Person-" not in text
    assert "influenza" not in text
    largest: Any = found.frame.groupby(["age", "sex"]).size().idxmax()
    assert f"<td>{largest[0]}</td><td>{largest[1]}</td>" in text


def test_names_of_columns_are_shown_not_run() -> None:
    bad = "<script>alert(1)</script> $x^2$ \\1"
    schema = an.Schema({bad: an.Hierarchy.intervals([20]), "sex": an.Hierarchy.suppression()})
    df = TABLE.rename(columns={"age": bad})[[bad, "sex"]]
    page = Page(an.anonymize(df, schema, models=[an.KAnonymity(2)]).report_page())
    assert not page.all("script")
    assert bad in page.text


def test_page_is_the_same_for_the_same_result() -> None:
    found = result()
    assert found.report_page() == found.report_page()


def test_report_is_written_as_the_name_says(tmp_path: Path) -> None:
    found = result()
    found.write_report(tmp_path / "r.JSON")
    written = json.loads((tmp_path / "r.JSON").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found.full_report()))
    found.write_report(str(tmp_path / "r.html"))
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == found.report_page()
    with pytest.raises(an.FileFormatError, match=r"\.json or \.html"):
        found.write_report(tmp_path / "r.pdf")
