"""`sekisho up`: starts, stops and starts again, leaves nothing running, and says clearly why it cannot start."""

import os
import re
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.command_line import (
    Up,
    assert_one_line,
    free_base_port,
    sekisho,
    up,
    wait_until_gone,
    within,
)

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.deployment.bootstrap import OFFICIALS, open_deployment
from services.deployment.layout import BASE_PORT, IN_ORDER, DeploymentError, ports_from
from services.deployment.organisations import APPLICANTS, STAFF
from services.deployment.processes import Processes
from services.gateway.cards import read_card, save_card
from services.gateway.clinical import BasicItems
from services.gateway.credentials import tls_of
from services.gateway.history import history
from services.gateway.hospital import link
from services.gateway.organisation import Organisation
from services.gateway.people import enrol
from services.gateway.person import sign_in_at_portal

pytestmark = [
    pytest.mark.long,
    pytest.mark.processes,
    pytest.mark.skipif(
        not Path("/proc/self/stat").exists(),
        reason="finds the bodies that a start left in /proc, which Linux has alone",
    ),
]

PINS = {Application.AUTHENTICATION: "2468", Application.SIGNATURE: "matsu97531"}
ITEMS = BasicItems("春野 花", "みなと市 1-2-3", "female", "1980-04-01")


def test_starts_stops_and_starts_again_on_the_same_data(tmp_path: Path) -> None:
    """One life after another: addresses, credentials and accreditations stay, a person's history goes on."""
    data, base = tmp_path / "data", free_base_port()
    with up(data, "--base-port", str(base)) as first:
        children = first.wait_until_up().children
        assert len(children) == len(Body) + 1  # and the emergency relay
        assert_says_where_everything_is(first, data, base)
        seen = live_a_little(data, tmp_path / "card.json")
        refuses_a_second_life(data, base)
        status, out, err = first.end(signal.SIGINT)
    assert (status, out.strip(), err) == (0, "stopped", "")
    wait_until_gone(children)
    credentials = {file: file.read_bytes() for file in data.rglob("organisation.json")}
    assert len(credentials) == len(APPLICANTS) + len(STAFF) + 2
    with up(data) as second:
        children = second.wait_until_up().children
        assert_says_where_everything_is(second, data, base)
        assert {file: file.read_bytes() for file in data.rglob("organisation.json")} == credentials
        person = sign_in_at_portal(read_card(tmp_path / "card.json"), pin="2468")
        link(Organisation.at(data / "credentials" / "hospital-a"), person)
        found = history(person)
        assert {(each.body, each.index, each.kind) for each in found.entries} > seen
        status, _, err = second.end(signal.SIGTERM)
    assert (status, err) == (0, "")
    wait_until_gone(children)


def assert_says_where_everything_is(running: Up, data: Path, base: int) -> None:
    said = "\n".join(running.said)
    for place, body in enumerate(IN_ORDER):
        assert f"{body.value} " in said
        assert f"https://127.0.0.1:{base + place}" in said
    for name in (OFFICIALS, *(applicant.id for applicant in APPLICANTS)):
        folder = next(Path(line.partition(": ")[2]) for line in running.said if _names(line, name))
        assert (folder / "organisation.json").is_file()
    assert str(data / "trust.json") in said


def _names(line: str, organisation: str) -> bool:
    wanted = "the officials" if organisation == OFFICIALS else organisation
    return line.startswith(f"credentials of {wanted}: ")


def live_a_little(data: Path, card: Path) -> set[tuple[str, int, str]]:
    """Enrol a person, present the card at a bank, and return what the person's history shows."""
    counter = Organisation.at(data / "credentials" / "municipality")
    enrolled = enrol(counter, ITEMS, pins=PINS)
    save_card(enrolled.card, card)
    link(Organisation.at(data / "credentials" / "bank"), enrolled.person)
    entries = history(sign_in_at_portal(read_card(card), pin="2468")).entries
    assert {each.kind for each in entries} >= {"person_enrolled", "resident_registered", "card_linked"}
    return {(each.body, each.index, each.kind) for each in entries}


def refuses_a_second_life(data: Path, base: int) -> None:
    """The same data started twice: the first goes on, the second says what is in its way."""
    assert_one_line(sekisho("up", "--data", data), "identity", str(base), "in use")


def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    """kill -9 leaves it no time to stop them: they watch it themselves."""
    with up(tmp_path / "data", "--base-port", str(free_base_port())) as running:
        children = running.wait_until_up().children
        assert len(children) == len(Body) + 1  # and the emergency relay
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        wait_until_gone(children)


@pytest.mark.parametrize("body", [Body.IDENTITY, Body.MEDICAL, Body.PORTAL])
def test_a_port_in_use_is_named_with_its_body(tmp_path: Path, body: Body) -> None:
    """Nothing is left running, and the same folder can be started once the port is free."""
    base = free_base_port()
    port = ports_from(base)[body]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = sekisho("up", "--data", tmp_path / "data", "--base-port", str(base))
    assert_one_line(done, body.value, f"port {port}", "in use")
    assert not (tmp_path / "data" / body.value / "process.log").exists()


def test_ports_are_a_row_from_the_base_port() -> None:
    """The default is 8441 to 8447."""
    assert sorted(ports_from(BASE_PORT).values()) == list(range(8441, 8448))
    done = within("up", "--data", "unused", "--base-port", "65530")
    assert_one_line(done, "--base-port", status=2)
    assert not Path("unused").exists()


DEPLOYMENT_FILES = {
    "another version": ('{"format": "sekisho-deployment/2", "anything": []}', "sekisho-deployment/2"),
    "not JSON": ("{", "cannot be read"),
    "another file": ('{"name": "something else"}', "cannot be read"),
    "a body without a port": (
        '{"format": "sekisho-deployment/1", "host": "127.0.0.1", "ports": {"identity": 1}, "register_key": ""}',
        "cannot be read",
    ),
    "an unknown member": ('{"format": "sekisho-deployment/1", "host": 7}', "cannot be read"),
}


@pytest.mark.parametrize("kind", DEPLOYMENT_FILES)
def test_a_deployment_file_of_another_version_is_not_touched(tmp_path: Path, kind: str) -> None:
    """The folder is left as it is."""
    content, expected = DEPLOYMENT_FILES[kind]
    (tmp_path / "deployment.json").write_text(content)
    assert_one_line(within("up", "--data", tmp_path), str(tmp_path), expected)
    assert [file.name for file in tmp_path.iterdir()] == ["deployment.json"]
    assert (tmp_path / "deployment.json").read_text() == content


def test_a_folder_that_is_no_deployment_is_not_touched(tmp_path: Path) -> None:
    """Neither a folder with something else in it, nor a file."""
    (tmp_path / "mine.txt").write_text("mine")
    for data in (tmp_path, tmp_path / "mine.txt"):
        assert_one_line(within("up", "--data", data), str(data), "no deployment")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    assert_one_line(within("up", "--data", tmp_path / "mine.txt" / "below"), "mine.txt")


def test_a_deployment_that_listens_elsewhere_is_not_started_as_if_it_did_not(tmp_path: Path) -> None:
    base = free_base_port()
    layout, _ = open_deployment(tmp_path / "data", ports=ports_from(base))
    before = layout.file.read_bytes()
    for words in (("--base-port", base + 1), ("--host", "127.0.0.2")):
        assert_one_line(within("up", "--data", layout.folder, *words), str(base), "leave out --host")
    assert layout.file.read_bytes() == before
    assert open_deployment(layout.folder)[0] == layout
    assert open_deployment(layout.folder, host="127.0.0.1", ports=ports_from(base))[0] == layout


def test_a_database_of_another_version_is_named_with_its_body(tmp_path: Path) -> None:
    """A newer program wrote the medical centre's database: nothing is changed, nothing left running."""
    layout, _ = open_deployment(tmp_path / "data", host="127.0.0.1", ports=ports_from(free_base_port()))
    file = layout.body(Body.MEDICAL) / "database.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0099_medical')")
        connection.commit()
    with up(layout.folder) as running:
        _, err = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert err.count("\n") == 1
    for text in ("Error: medical", "another version", "0099_medical", "use another folder"):
        assert text in err
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0099_medical",)]


DAMAGE = {
    "a database that is none": (Body.REGISTRY, "database.sqlite", b"no database" * 100, "restore"),
    "a key that is none": (Body.IDENTITY, "keys/signing.pem", b"no key", "signing"),
    "a key that is gone": (Body.IDENTITY, "keys/signing.pem", None, "missing; restore it"),
    "a TLS certificate that is none": (
        Body.RESEARCH,
        "tls/certificate.pem",
        b"no certificate",
        "certificate",
    ),
    "an authority that is none": (Body.MEDICAL, "tls/authority.pem", b"no certificate", "authority"),
    "a register that is none": (Body.OVERSIGHT, "bootstrap.json", b'{"bodies": 7}', "bootstrap"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_with_its_body(tmp_path: Path, damage: str) -> None:
    """One line says which body, and what to look at."""
    body, name, content, expected = DAMAGE[damage]
    layout, register_key = open_deployment(
        tmp_path / "data", host="127.0.0.1", ports=ports_from(free_base_port())
    )
    file = layout.body(body) / name
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)
    processes = Processes(layout, register_key, tls_of(layout.credentials / OFFICIALS))
    try:
        with pytest.raises(DeploymentError) as told:
            processes.start([body])
    finally:
        processes.stop()
    assert re.fullmatch(rf"{body.value} did not start: [^\n]*{expected}[^\n]*", str(told.value))
    assert "Traceback" not in processes.log_file(body).read_text()
