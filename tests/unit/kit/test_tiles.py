"""Tiles: their names as C2SP tlog-tiles spells them, and the same log out of them as out of the database."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, create_engine

from services.kit.log.errors import LogFormatError, LogRangeError
from services.kit.log.merkle import root_from_leaves
from services.kit.log.tables import log_tables
from services.kit.log.tiles import WIDTH, Tile, TileReader, bundle, read_bundle
from services.kit.log.tree import LogTree

METADATA = MetaData()
TREE = LogTree(log_tables(METADATA))
LEAVES = [number.to_bytes(4) for number in range(1000)]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 1234067), "0/x001/x234/067"),
        (Tile(2, 255, 17), "2/255.p/17"),
        (Tile(None, 1000, 1), "entries/x001/000.p/1"),
        (Tile(63, 5), "63/005"),
    ],
)
def test_names_are_those_of_the_specification(tile: Tile, path: str) -> None:
    """Source: C2SP tlog-tiles, "Merkle Tree" and "Log entries"."""
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/0",
        "0/1234067",
        "0/x000/001",
        "00/000",
        "64/000",
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/01",
        "0/000/",
        "entry/000",
        "0/x1/067",
        "0/001.p/2/3",
        "0/٠٠١",
        "0/000\n",
    ],
)
def test_any_other_name_is_refused(path: str) -> None:
    with pytest.raises(LogFormatError):
        Tile.parse(path)


@given(level=st.none() | st.integers(0, 63), index=st.integers(0, 10**20), width=st.integers(1, WIDTH))
def test_every_name_reads_back(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


@given(leaves=st.lists(st.binary(max_size=70), max_size=9))
def test_bundles_read_back_and_not_when_cut(leaves: list[bytes]) -> None:
    raw = bundle(leaves)
    assert read_bundle(raw) == leaves
    if raw:
        with pytest.raises(LogFormatError):
            read_bundle(raw[:-1])


@given(size=st.integers(1, len(LEAVES)), older=st.integers(0, len(LEAVES)))
@settings(max_examples=15, deadline=None)
def test_tiles_give_the_roots_and_leaves_of_the_log(size: int, older: int) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        METADATA.create_all(conn)
        TREE.initialise(conn)
        TREE.append(conn, LEAVES)

        def fetch(tile: Tile) -> bytes:
            if tile.level is None:
                return bundle(TREE.leaves(conn, tile.first, tile.width))
            return b"".join(TREE.hashes(conn, 8 * tile.level, range(tile.first, tile.first + tile.width)))

        told = TileReader(fetch, size)
        assert told.root(size) == root_from_leaves(LEAVES[:size])
        assert told.root(min(size, older)) == root_from_leaves(LEAVES[: min(size, older)])
        assert list(told.leaves()) == LEAVES[:size]
        with pytest.raises(LogRangeError):
            fetch(Tile(0, len(LEAVES) // WIDTH))
    engine.dispose()
