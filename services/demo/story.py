"""The story from the first start to the last check, and what is kept of it."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Final

from rich.console import Console

from consent.vocabulary import Body
from services.demo import bank, bodies, products, proofs, records, science, secrecy
from services.demo.checks import Check, Finding, Run, Steps, run_checks
from services.demo.scene import PINS, Scene
from services.deployment.bootstrap import OFFICIALS, open_deployment
from services.deployment.layout import HOST, Layout, free_ports
from services.deployment.processes import Processes
from services.gateway.cards import save_card
from services.gateway.clinical import ClinicalData
from services.gateway.credentials import tls_of
from services.gateway.fhir import read_export
from services.gateway.population import synthesise
from services.kit.clock import system_clock

SEED: Final = 20261114
FEWEST_PEOPLE: Final = 13
OVERRIDES: Final[Mapping[Body, Mapping[str, str]]] = {
    Body.PRODUCT_SAFETY: products.OVERRIDES,
    Body.MEDICAL: {"watch_interval_seconds": "2"},
}


class DemoError(Exception):
    """The demo cannot be run as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    people: int
    fhir: Path | None
    keep: Path | None
    recalls: Path | None


def tell(request: Request, console: Console) -> list[Finding]:
    """Run the whole story and return the findings. Raises: DemoError, DeploymentError, FhirError."""
    data = _people(request)
    folder = request.keep or Path(tempfile.mkdtemp(prefix="sekisho-demo-"))
    try:
        layout, register_key = open_deployment(_fresh(folder), host=HOST, ports=free_ports(HOST))
        probe = tls_of(layout.credentials / OFFICIALS)
        processes = Processes(layout, register_key, probe, OVERRIDES)
        scene = Scene(layout, register_key, processes, data, request.recalls)
        try:
            return run_checks(_checks(scene), console)
        finally:
            processes.stop()
            if request.keep is not None:
                _keep(scene, layout, console)
    finally:
        if request.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _checks(scene: Scene) -> list[Check]:
    def starting(steps: Steps) -> str:
        steps.begin("starting seven bodies", None)
        scene.processes.start()
        return bodies.seven_bodies(scene, steps)

    def of(check: Callable[[Scene, Steps], str]) -> Run:
        return lambda steps: check(scene, steps)

    return [
        ("seven bodies up, strangers kept out", starting),
        ("organisations accredited", of(bodies.accreditations)),
        ("people enrolled; only the ID centre holds numbers", of(bodies.enrolment)),
        ("hospital A seals and deposits", of(records.deposits)),
        ("clinic B opens what was permitted, byte for byte", of(records.permitted_reading)),
        ("everything else refused, also in flight", of(records.refusals)),
        ("no content in any body's files, no common identifier", of(secrecy.nothing_in_the_clear)),
        ("the history is complete and proves itself offline", of(proofs.provable_history)),
        ("a 5-anonymous release; a joint disclosure refused", of(science.releases)),
        ("a recall reaches every owner once, through a crash", of(products.recall)),
        ("the bank confirms with permission only", of(bank.confirmation)),
        ("every changed byte is detected and named", of(proofs.tampering)),
    ]


def _people(request: Request) -> ClinicalData:
    now = system_clock().astimezone(UTC)
    if request.fhir is not None:
        data = read_export(request.fhir, this_year=now.year)
    else:
        data = synthesise(request.people, seed=SEED, now=now)
    if len(data.patients) < FEWEST_PEOPLE:
        raise DemoError(f"the story needs at least {FEWEST_PEOPLE} people; there are {len(data.patients)}")
    return data


def _fresh(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()):
        raise DemoError(f"{folder} is not empty; name a new folder to keep the demo in")
    return folder


def _keep(scene: Scene, layout: Layout, console: Console) -> None:
    cards = layout.folder / "cards"
    for number, inhabitant in enumerate(scene.people, 1):
        save_card(inhabitant.enrolled.card, cards / f"person-{number:04d}.json")
    pins = ", ".join(f"{application.value} {pin}" for application, pin in PINS.items())
    console.print(
        f"Kept in {layout.folder}: databases, credentials/, cards/ (PINs: {pins}), trust.json, evidence.json. "
        f"Go on with: sekisho up --data {layout.folder}",
        highlight=False,
        soft_wrap=True,
    )
