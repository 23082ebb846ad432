"""Large documents through the gateway: deposited over connections that break, opened whole or not at all."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import pytest
from support.gateway_scene import GatewayScene
from support.gateway_world import YEAR, terms

from consent.compartments import YearSpan
from consent.streams import SEGMENT, LargeDocument, StreamCipher
from consent.vocabulary import Category, Purpose
from services.gateway.errors import LargeFileError, NotVerifiedError, RefusedError
from services.gateway.hospital import link
from services.gateway.large_documents import DepositedFile, LargeFile, deposit_file
from services.gateway.large_reading import FoundLarge, fetch, find_large
from services.gateway.patience import Patience
from services.gateway.wallet_actions import lay_down, permissions, withdraw
from services.kit.http import PeerUnavailableError, RemoteProblemError

PLACE = (Category.IMAGING, YEAR)
CONTENT = bytes(range(256)) * 4096 * 2 + b"the end of the study"


@dataclass
class Scene(GatewayScene):
    """A hospital, a clinic, a person with a study in a file; `waited` are the pauses that were made."""

    waited: list[float] = field(default_factory=list)

    @property
    def patience(self) -> Patience:
        """Four tries, and pauses that take no time."""
        return Patience(tries=4, first_pause=1.0, wait=self.waited.append)

    @property
    def file(self) -> Path:
        """The study."""
        path = self.folder / "chest.dcm"
        path.write_bytes(CONTENT)
        return path

    def deposit(self, path: Path | None = None, *, name: str = "") -> DepositedFile:
        """Deposit the study."""
        reference = link(self.hospital, self.person.person)
        file = LargeFile(path or self.file, "application/dicom", name)
        return deposit_file(self.hospital, reference, file, place=PLACE, patience=self.patience)

    def permit(self) -> None:
        """Let the clinic read images."""
        lay_down(self.person.person, terms("clinic", Category.IMAGING))

    def find(self) -> list[FoundLarge]:
        """Read as the clinic."""
        return find_large(
            self.clinic,
            link(self.clinic, self.person.person),
            categories=frozenset({Category.IMAGING}),
            years=YearSpan(YEAR, YEAR),
            purpose=Purpose.TREAT,
        )

    def fetch(self, found: FoundLarge) -> Path:
        """Fetch into a folder."""
        return fetch(self.clinic, found, self.folder / "out", patience=self.patience).path

    def in_out(self) -> list[str]:
        """Return what is in that folder, hidden files too."""
        folder = self.folder / "out"
        return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene.at(tmp_path)


def breaking(*numbers: int) -> Callable[[int], None]:
    """Break the connection once at each of these segments."""
    left = list(numbers)

    def broken(number: int) -> None:
        if number in left:
            left.remove(number)
            raise PeerUnavailableError("the connection broke")

    return broken


def test_file_arrives_as_it_was_though_the_connection_breaks_on_both_ways(scene: Scene) -> None:
    streams = scene.world.medical.streams
    streams.broken = breaking(0, 1, 1, 2)
    done = scene.deposit()
    assert done.name.segments == 3
    assert scene.waited == [1.0, 1.0, 2.0, 1.0]
    scene.permit()
    (found,) = scene.find()
    assert (found.document.id, found.large.name, found.large.size) == (
        done.document,
        "chest.dcm",
        len(CONTENT),
    )
    streams.broken = breaking(0, 2, 2, 2)
    path = scene.fetch(found)
    assert path == scene.folder / "out" / "chest.dcm"
    assert path.read_bytes() == CONTENT
    assert scene.in_out() == ["chest.dcm"]


def test_connection_that_stays_broken_ends_it_and_leaves_nothing(scene: Scene) -> None:
    scene.deposit()
    scene.permit()
    (found,) = scene.find()
    scene.world.medical.streams.broken = breaking(*[1] * 4)
    with pytest.raises(PeerUnavailableError):
        scene.fetch(found)
    assert scene.in_out() == []
    scene.world.medical.streams.broken = breaking(*[1] * 4)
    with pytest.raises(PeerUnavailableError):
        scene.deposit(name="other.dcm")
    assert [each.document.id for each in scene.find()] == [found.document.id]


def test_withdrawal_in_the_middle_leaves_no_part_of_the_file(scene: Scene) -> None:
    scene.deposit()
    scene.permit()
    (found,) = scene.find()

    def withdrawn(number: int) -> None:
        if number == 2:
            withdraw(scene.person.person, permissions(scene.person.person)[0])
            scene.world.medical.streams.broken = breaking()

    scene.world.medical.streams.broken = withdrawn
    with pytest.raises(RefusedError, match="withdrawn_in_flight"):
        scene.fetch(found)
    assert scene.in_out() == []


def exchanged(found: FoundLarge, stored: dict[int, bytes]) -> None:
    stored[0], stored[1] = stored[1], stored[0]


def cut_off(found: FoundLarge, stored: dict[int, bytes]) -> None:
    stored[2] = stored[2][:-1]


def by_another_reader(found: FoundLarge, stored: dict[int, bytes]) -> None:
    bundle, document = found.bundle, found.document
    cipher = StreamCipher(bundle.key, bundle.meta, document.id, document.version, large=found.large)
    stored |= dict(enumerate(cipher.seal(io.BytesIO(CONTENT[::-1]).read)))


@pytest.mark.parametrize("change", [exchanged, cut_off, by_another_reader])
def test_segments_that_the_author_did_not_sign_leave_no_file(
    scene: Scene, change: Callable[[FoundLarge, dict[int, bytes]], None]
) -> None:
    """Also those that open: another reader, who has the key, sealed them and bribed the storage."""
    scene.deposit()
    scene.permit()
    (found,) = scene.find()
    (upload,) = scene.world.medical.streams._uploads.values()
    change(found, upload.segments)
    with pytest.raises(NotVerifiedError):
        scene.fetch(found)
    assert scene.in_out() == []


def test_files_of_one_name_are_both_kept_and_no_name_leads_out_of_the_folder(scene: Scene) -> None:
    scene.deposit()
    scene.permit()
    (found,) = scene.find()
    assert [scene.fetch(found).name for _ in range(3)] == ["chest.dcm", "chest-2.dcm", "chest-3.dcm"]
    with pytest.raises(LargeFileError):
        scene.deposit(name="../chest.dcm")
    hidden = replace(found, large=replace(found.large, name=".."))
    with pytest.raises(NotVerifiedError):  # the name is in the header: another one does not open
        scene.fetch(hidden)
    scene.deposit(name="..")
    assert sorted(scene.fetch(each).name for each in scene.find()) == ["chest-4.dcm", "document"]


def test_empty_file_and_one_of_whole_segments_arrive(scene: Scene) -> None:
    scene.permit()
    for name, size in (("empty", 0), ("whole", 2 * (SEGMENT - 16))):
        path = scene.folder / name
        path.write_bytes(bytes(size))
        scene.deposit(path)
    sizes = {found.large.name: scene.fetch(found).stat().st_size for found in scene.find()}
    assert sizes == {"empty": 0, "whole": 2 * (SEGMENT - 16)}


@pytest.mark.parametrize("by", [-1, 1, SEGMENT])
def test_file_that_changes_while_it_is_read_is_not_deposited(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, by: int
) -> None:
    described = LargeFile.described

    def other(self: LargeFile, prefix: bytes) -> LargeDocument:
        return replace(described(self, prefix), size=len(CONTENT) + by)

    monkeypatch.setattr(LargeFile, "described", other)
    with pytest.raises((LargeFileError, RefusedError)):
        scene.deposit()
    scene.permit()
    assert scene.find() == []


@pytest.mark.parametrize(
    ("path", "kind"), [("missing.dcm", "application/dicom"), ("chest.dcm", "dicom"), ("", "a/b")]
)
def test_file_that_cannot_be_deposited_is_refused_before_anything_is_sent(
    scene: Scene, path: str, kind: str
) -> None:
    assert scene.file.exists()
    with pytest.raises(LargeFileError):
        deposit_file(
            scene.hospital,
            link(scene.hospital, scene.person.person),
            LargeFile(scene.folder / path, kind, "x" * 256 if not path else ""),
            place=PLACE,
        )
    assert scene.world.medical.streams._uploads == {}


def test_segment_that_the_centre_kept_otherwise_is_noticed(scene: Scene) -> None:
    def tampered(self: object, *_given: object, **_more: object) -> object:
        from services.contracts.medical.streams import SegmentKept

        return SegmentKept(digest=sha256(b"other").hexdigest())

    scene.world.medical.streams.put = tampered.__get__(scene.world.medical.streams)  # type: ignore[method-assign]  # a liar
    with pytest.raises(NotVerifiedError):
        scene.deposit()


def test_patience_ends_with_the_error_and_not_before() -> None:
    waited: list[float] = []
    tries: Iterator[int] = iter(range(10))

    def fail() -> None:
        next(tries)
        raise PeerUnavailableError("down")

    with pytest.raises(PeerUnavailableError):
        Patience(tries=3, first_pause=0.5, wait=waited.append).ask(fail)
    assert (waited, next(tries)) == ([0.5, 1.0], 3)
    refusal = RemoteProblemError(status=409, code="c", title="", detail="", members={})

    def refuse() -> None:
        raise refusal

    with pytest.raises(RemoteProblemError):
        Patience(tries=3, first_pause=0.5, wait=waited.append).ask(refuse)
    assert len(waited) == 2
