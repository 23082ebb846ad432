"""RFC 8785 vectors: our canonical form is the standard's, for everything that we accept at all."""

import json

import pytest
import rfc8785
from support.shared_data import SHARED, needs

from consent import canonical
from consent.errors import MalformedError

TESTDATA = SHARED / "vectors" / "cyberphone_jcs" / "testdata"
pytestmark = needs(TESTDATA)
NAMES = ["arrays", "french", "structures", "unicode", "values", "weird"]

# Vectors with an array on top, fractions, or names outside ASCII: refused rather than read in two ways.
REFUSED = {"arrays", "french", "values", "weird"}


def outcome(name: str) -> bytes:
    return (TESTDATA / "output" / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_library_writes_what_the_vector_says(name: str) -> None:
    expected = outcome(name)
    source = json.loads((TESTDATA / "input" / f"{name}.json").read_bytes())
    assert rfc8785.dumps(source) == expected
    assert bytes.fromhex((TESTDATA / "outhex" / f"{name}.txt").read_text()) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name not in REFUSED])
def test_accepted_vector_is_read_and_written_back_unchanged(name: str) -> None:
    expected = outcome(name)
    assert canonical.encode(canonical.decode(expected)) == expected


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_vector_outside_our_subset_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        canonical.decode(outcome(name))
