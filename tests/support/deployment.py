"""The seven bodies as real processes on loopback, with the story's organisations and a few people."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from consent.vocabulary import Body
from services.demo.scene import PINS, Inhabitant, Scene
from services.demo.story import OVERRIDES, SEED
from services.deployment.bootstrap import OFFICIALS, open_deployment
from services.deployment.layout import HOST, free_ports
from services.deployment.organisations import accredit_missing
from services.deployment.processes import Processes
from services.gateway.credentials import tls_of
from services.gateway.people import enrol
from services.gateway.population import synthesise
from services.kit.clock import system_clock


@contextmanager
def running_deployment(
    folder: Path, *, people: int, overrides: Mapping[Body, Mapping[str, str]] = OVERRIDES
) -> Iterator[Scene]:
    """Start all bodies in `folder`, accredit the organisations, enrol `people`; stop everything at the end."""
    layout, register_key = open_deployment(folder, host=HOST, ports=free_ports(HOST))
    processes = Processes(layout, register_key, tls_of(layout.credentials / OFFICIALS), overrides)
    data = synthesise(max(people, 1), seed=SEED, now=system_clock().astimezone(UTC))
    scene = Scene(layout, register_key, processes, data, None)
    try:
        processes.start()
        accredit_missing(layout)
        counter = scene.organisation("municipality")
        for patient in data.patients[:people]:
            scene.people.append(Inhabitant(patient, enrol(counter, patient.items, pins=PINS)))
        yield scene
    finally:
        processes.stop()
