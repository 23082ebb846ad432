"""Attacks on the release ledger's memory and decisions: RI2, RI3, RI4, RI5, RI6, RI8 and SC5."""

import io
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anonymize as an

KEY = bytes(range(32))
K = 5
GAMES = 1000


def table(df: pd.DataFrame, *, width: int = 10, origin: int = 0, level: int = 1, k: int = K) -> an.Result:
    schema = an.Schema(
        quasi={"age": an.Hierarchy.intervals([width, 2 * width], origin=origin)},
        sensitive=["disease"],
        identifying=["person"],
    )
    return an.anonymize(df, schema, models=[an.KAnonymity(k)], levels={"age": level})


def population(count: int) -> pd.DataFrame:
    draw = random.Random(2026)
    return pd.DataFrame(
        {
            "person": [f"p{number}" for number in range(count)],
            "age": [draw.randint(0, 39) for _ in range(count)],
            "disease": [draw.choice("abcd") for _ in range(count)],
        }
    )


def sent(ledger: an.ReleaseLedger, result: an.Result, df: pd.DataFrame, *, to: str = "univ-x") -> bool:
    try:
        ledger.release(result, recipient=to, persons=df["person"].tolist())
    except an.JointDisclosureError:
        return False
    return True


def opened(folder: Path, name: str = "ledger", **policy: int) -> an.ReleaseLedger:
    return an.ReleaseLedger(f"sqlite:///{folder / name}.db", key=KEY, policy=an.LedgerPolicy(**policy))  # type: ignore[arg-type]  # whole numbers only


def test_recipients_who_pool_their_exports_single_nobody_out(tmp_path: Path) -> None:
    """RI3: the exports of RI1, one for each of several recipients and the public."""
    df = population(60)
    recipients = {0: "univ-a", 6: "univ-b", 8: "univ-c", 10: an.PUBLIC, 13: "univ-c"}
    exports = [(table(df, width=20, origin=origin), to) for origin, to in recipients.items()]
    apart, together = opened(tmp_path, "apart", k_union=1), opened(tmp_path, "together", k_union=K)
    left = {
        ledger: [(export, to) for export, to in exports if sent(ledger, export, df, to=to)]
        for ledger in (apart, together)
    }
    assert smallest_pooled(left[apart]) < K, "checked one by one, they tell a few apart"
    assert smallest_pooled(left[together]) >= K
    decisions = together.refusals()
    assert len(decisions) == len(exports) - len(left[together])
    assert any("other recipients" in each.reason and each.involved for each in decisions)
    assert {each.k_union for each in together.records()} == {K}, "the threshold in force is recorded"


def smallest_pooled(left: Sequence[tuple[an.Result, str]]) -> int:
    seen = pd.DataFrame({str(at): result.class_of_row for at, (result, _) in enumerate(left)})
    return int(seen.value_counts().min())


@pytest.mark.parametrize("few", range(1, K))
def test_cohorts_that_differ_by_a_few_persons_are_refused(tmp_path: Path, few: int) -> None:
    """RI2: two tables of counts whose totals differ by the persons that the attacker asks about."""
    df = population(60)
    ledger = opened(tmp_path)
    persons = df["person"].tolist()
    ledger.release_counts(["all"] * 60, recipient="univ-x", persons=persons, k=K)
    with pytest.raises(an.JointDisclosureError):
        ledger.release_counts(["all"] * (60 - few), recipient="univ-x", persons=persons[few:], k=K)
    ledger.release_counts(["all"] * (60 - K), recipient="univ-x", persons=persons[K:], k=K)


def test_value_that_only_one_class_and_another_have_in_common_is_refused(tmp_path: Path) -> None:
    """RI4: the values of a person's two classes have one in common, as others' values changed in between."""
    df = pd.DataFrame({"person": [f"p{n}" for n in range(10)], "age": 5, "disease": ["flu", *["gout"] * 9]})
    later = df.assign(disease=["flu", *["asthma"] * 9])
    schema = an.Schema(
        quasi={"age": an.Hierarchy.suppression()}, sensitive=["disease"], identifying=["person"]
    )
    models: list[an.Model] = [an.KAnonymity(K), an.EntropyLDiversity("disease", 1.3)]
    ledger = opened(tmp_path)
    first, second = (an.anonymize(each, schema, models=models) for each in (df, later))
    assert sent(ledger, first, df)
    assert not sent(ledger, second, later), "who was in both has the flu, or had something else before"
    assert "candidates" in ledger.refusals()[0].reason


def crowd_and(target: int) -> pd.DataFrame:
    """Somebody whom the attacker asks about, and others of whom the attacker knows everything."""
    ages = [target, *[0] * 6, *[300] * 6]
    return pd.DataFrame({"person": [f"p{n}" for n in range(len(ages))], "age": ages, "disease": "a"})


class Asking:
    """An attacker who has one table and asks for others that cut it in two, the answer being all it looks at."""

    def __init__(self, ledger: an.ReleaseLedger, truth: int) -> None:
        self._ledger = ledger
        self._truth = crowd_and(truth)
        self._recipient = f"univ-{truth}"
        self.cut(1)

    def cut(self, at: int) -> bool:
        """Whether the same persons may be had with the ages below and from `at` in a class each."""
        return sent(
            self._ledger,
            table(self._truth, width=1000, origin=at - 1000),
            self._truth,
            to=self._recipient,
        )


def advantage(guesses: dict[int, list[int]]) -> float:
    """How much more often than by chance 1,000 guesses are right; per truth, what the answers leave open."""
    draw = random.Random(5)
    truths = sorted(guesses)
    right = 0
    for _ in range(GAMES):
        truth = draw.choice(truths)
        right += draw.choice(guesses[truth]) == truth
    chance = 1 / len(truths)
    return (right / GAMES - chance) / (1 - chance)


def one_bit(refusals: int) -> float:
    """The target is 50 or 150: ask for a cut at 100 beside the one at 1."""
    ledger = an.ReleaseLedger("sqlite://", key=KEY, policy=an.LedgerPolicy(k_union=1, refusals=refusals))
    answers = {truth: Asking(ledger, truth).cut(100) for truth in (50, 150)}
    return advantage(
        {truth: [each for each in answers if answers[each] == answers[truth]] for truth in answers}
    )


def search_halves(refusals: int) -> float:
    """The target is 1 to 256: halve what is left until refusals are used up."""
    left = {}
    for truth in range(1, 257):
        ledger = an.ReleaseLedger("sqlite://", key=KEY, policy=an.LedgerPolicy(k_union=1, refusals=refusals))
        asking, low, high, charged = Asking(ledger, truth), 1, 257, 0
        while high - low > 1 and charged < refusals:
            middle = (low + high) // 2
            if asking.cut(middle):
                low = middle
            else:
                high, charged = middle, charged + 1
        left[truth] = list(range(low, high))
    return advantage(left)


def test_without_refusals_on_data_an_answer_tells_not_even_one_bit() -> None:
    """RI5: guessing which of two ages somebody has from allowed or refused, over 1,000 games."""
    assert one_bit(refusals=10) == 1, "with refusals that depend on data, one answer tells it"
    assert abs(one_bit(refusals=0)) <= 0.05


def test_budget_of_refusals_stops_a_search_by_halves() -> None:
    """RI5: searching for one age of 256 by submitting exports, over 1,000 games."""
    assert search_halves(refusals=1) <= 0.05


def test_all_refusals_after_the_budget_look_the_same(tmp_path: Path) -> None:
    """RI5: what cannot be judged unseen is refused in the same words, whatever is wrong with it, or nothing."""
    df, ledger = population(60), opened(tmp_path, refusals=0)
    assert sent(ledger, table(df), df)
    told = set()
    for export, who in (
        (table(df, width=15), df),
        (table(df[5:], width=20), df[5:]),
        (table(df, width=20, k=7), df),
        (table(df[30:], width=40), df[30:]),
    ):
        with pytest.raises(an.RefusalsExhaustedError) as refused:
            ledger.release(export, recipient="univ-x", persons=who["person"].tolist())
        told.add(str(refused.value))
    assert len(told) == 1
    assert ledger.refusals() == []
    assert sent(ledger, table(df, level=2), df), "coarser than what is held tells nothing new"


def test_levels_that_were_not_registered_are_refused_whatever_the_data(tmp_path: Path) -> None:
    """RI8: levels chosen from the data tell about the data; registered ones are chosen before."""
    policy = an.LedgerPolicy(levels={"univ-x": [{"age": 1}], "*": [{"age": 2}]})
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path / 'l.db'}", key=KEY, policy=policy)
    schema = an.Schema(quasi={"age": an.Hierarchy.intervals([10])}, identifying=["person"])
    for df in (population(40), population(400).assign(age=7)):
        chosen = an.anonymize(df, schema, models=[an.KAnonymity(K)], levels={"age": 2})
        with pytest.raises(an.LedgerError, match="not among those registered"):
            ledger.release(chosen, recipient="univ-x", persons=df["person"].tolist())
        listed = an.anonymize(df, schema, models=[an.KAnonymity(K)], levels=dict(policy.levels["univ-x"][0]))
        assert listed.levels == {"age": 1}, (
            "the same level for any data: reversing it tells what the list tells"
        )
    assert ledger.verify() == 0


def test_who_withdrew_is_in_no_later_release_and_the_difference_shows_nobody(tmp_path: Path) -> None:
    """SC5: a release without one person who withdrew is deferred until k have gone from the class."""
    df = pd.DataFrame(
        {"person": [f"p{n}" for n in range(40)], "age": np.repeat([5, 15, 25, 35], 10), "disease": "a"}
    )
    ledger = opened(tmp_path)
    assert sent(ledger, table(df), df)
    ledger.withdraw(["p0"])
    with pytest.raises(an.LedgerError, match="1 rows are of persons who withdrew"):
        ledger.release(table(df), recipient="univ-x", persons=df["person"].tolist())
    staying = df[~ledger.withdrawn(df["person"].tolist())]
    assert len(staying) == 39
    assert not sent(ledger, table(staying), staying), "the difference would be one person"
    ledger.withdraw([f"p{n}" for n in range(1, K)])
    staying = df[~ledger.withdrawn(df["person"].tolist())]
    assert sent(ledger, table(staying), staying)
    ledger.readmit(["p0"])
    assert not ledger.withdrawn(["p0", "never seen"]).any()


def test_two_files_of_the_same_table_differ_in_the_order_of_rows_only(tmp_path: Path) -> None:
    """RI6: linking rows over exports by formatting, size, categories, index or attributes of the file."""
    df = population(300).assign(weight=np.linspace(40, 90, 300).round(1))
    df["ward"] = pd.Categorical(np.where(df["age"] < 20, "east", "west"), categories=["west", "east", "none"])
    files, frames = [], []
    for name, order in (("a", np.arange(300)), ("b", np.random.default_rng(1).permutation(300))):
        turned = df.iloc[order].rename_axis(name)
        turned.attrs["made from"] = name
        turned.columns.name = name
        result = table(turned)
        release = opened(tmp_path, name).release(
            result, recipient="univ-x", persons=turned["person"].tolist()
        )
        text = io.StringIO()
        release.frame.to_csv(text, index=False)
        files.append(text.getvalue().splitlines())
        frames.append(release.frame)
    assert files[0] != files[1]
    assert sorted(files[0]) == sorted(files[1])
    first, second = frames
    assert (first.dtypes == second.dtypes).all()
    assert first.attrs == second.attrs == {}
    assert first.index.equals(second.index)
    assert (first.index.name, first.columns.name, second.columns.name) == (None, None, None)
    # The rank correlation of independent orders has deviation 1/sqrt(n) = 0.058: five of them.
    ranks = [frame["weight"].rank().to_numpy() for frame in frames]
    assert abs(np.corrcoef(ranks[0], np.arange(300))[0, 1]) < 0.29
    assert abs(np.corrcoef(ranks[0], ranks[1])[0, 1]) < 0.29
