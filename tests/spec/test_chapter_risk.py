"""Risk and rules

What a table's numbers say about the people it is a sample of, and what software sees of legal rules. Both are reports
for whoever answers for a release; a limit for the first can be asked for as the model `PopulationUniqueness`. The
command `sekisho check` prints both.
"""

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "name": [f"Patient {n}" for n in range(40)],
        "age": [20 + n // 2 for n in range(36)] + [91, 92, 93, 94],
        "sex": ["f", "m"] * 20,
        "phone": [f"090-1234-56{n:02}" for n in range(40)],
    }
)


def test_population() -> None:
    """Who is unique in the population

    Whoever is unique in a sample need not be unique in the population. The estimates rely on the sample being drawn
    at random; `chosen` names the one that the decision rule of Dankar and others takes.
    """
    found = an.population_uniqueness(PATIENTS, quasi=["age"], sampling_fraction=0.05)
    shows(found.sample_uniqueness, "`0.1`")
    shows(found.dankar, "`0.02357`")
    shows(found.chosen, "`pitman`")
    with refused("""SchemaError: sampling_fraction must be above 0 and at most 1, for example 0.01 for one in a
        hundred."""):
        an.population_uniqueness(PATIENTS, quasi=["age"], sampling_fraction=5)


def test_rules() -> None:
    """Signs of what rules want removed

    HIPAA's safe harbor and the five standards of Japan's enforcement rules. Columns that the schema calls identifying
    are left out, as they never leave. That nothing is found proves nothing.
    """
    schema = an.Schema({"age": an.Hierarchy.intervals([5])}, identifying=["name"])
    report = an.check_rules(PATIENTS, schema)
    shows(
        {check.rule: [place.column for place in check.places] for check in report.found},
        """
        |  |  |
        | --- | --- |
        | 164.514(b)(2)(i)(C) | ['age'] |
        | 164.514(b)(2)(i)(D) | ['phone'] |
        | 164.514(b)(2)(i)(R) | ['phone'] |
        | 34-1 | ['phone'] |
        | 34-3 | ['phone'] |
        | 34-4 | ['age'] |
        """,
    )
