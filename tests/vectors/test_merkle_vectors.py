"""Every published vector of transparency-dev/merkle against our verifier."""

import json
from base64 import b64decode
from pathlib import Path
from typing import TypedDict, cast

import pytest
from support.shared_data import SHARED, needs

from services.kit.log.errors import LogProofError
from services.kit.log.merkle import (
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

FOLDER = SHARED / "vectors" / "transparency-dev_merkle" / "testdata"
EXPECTED_FILES = 518
FILES = sorted(FOLDER.rglob("*.json"))

pytestmark = needs(FOLDER)


class Vector(TypedDict, total=False):
    size1: int
    size2: int
    root1: str
    root2: str
    leafIdx: int
    treeSize: int
    leafHash: str
    root: str
    start: int
    end: int
    size: int
    proof: list[str] | None
    wantErr: bool


def _verify(family: str, vector: Vector) -> None:
    proof = [b64decode(item) for item in vector["proof"] or []]
    match family:
        case "consistency":
            verify_consistency(
                old_size=vector["size1"],
                new_size=vector["size2"],
                old_root=b64decode(vector["root1"]),
                new_root=b64decode(vector["root2"]),
                proof=proof,
            )
        case "inclusion":
            verify_inclusion(
                leaf_hash=b64decode(vector["leafHash"]),
                index=vector["leafIdx"],
                size=vector["treeSize"],
                proof=proof,
                root=b64decode(vector["root"]),
            )
        case "subtreeconsistency":
            verify_subtree_consistency(
                start=vector["start"],
                end=vector["end"],
                size=vector["size"],
                subtree_root=b64decode(vector["root1"]),
                root=b64decode(vector["root2"]),
                proof=proof,
            )
        case "subtreeinclusion":
            verify_subtree_inclusion(
                leaf_hash=b64decode(vector["leafHash"]),
                index=vector["leafIdx"],
                start=vector["start"],
                end=vector["end"],
                proof=proof,
                root=b64decode(vector["root"]),
            )
        case _:
            raise AssertionError(f"no verifier for the vector family {family}")


def test_no_published_vector_is_left_out() -> None:
    assert len(FILES) == EXPECTED_FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_verdict_is_the_published_one(path: Path) -> None:
    vector = cast(Vector, json.loads(path.read_text()))
    family = path.relative_to(FOLDER).parts[0]
    if vector["wantErr"]:
        with pytest.raises(LogProofError):
            _verify(family, vector)
    else:
        _verify(family, vector)
