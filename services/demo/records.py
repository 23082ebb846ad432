"""Checks 4 to 6: records are deposited sealed, opened by permission, refused without it."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from consent.compartments import YearSpan
from consent.statements import Selection
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.directives import DirectivesClient, WithdrawalOrder
from services.contracts.oversight.register import Role
from services.contracts.shared import SharedClient
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import Inhabitant, Scene, at_once, medical_terms
from services.deployment.organisations import KNOWN_EVERYWHERE_SECONDS
from services.gateway.accreditor import change_roles
from services.gateway.clinic import open_records, prepare, send
from services.gateway.errors import RefusedError
from services.gateway.hospital import deposit, link
from services.gateway.organisation import Organisation
from services.gateway.wallet_actions import lay_down, withdraw

PATIENCE_SECONDS = 4.0


def deposits(scene: Scene, steps: Steps) -> str:
    """Check 4: hospital A seals and deposits every person's records by category and year."""
    hospital = scene.organisation("hospital-a")

    def deposit_one(inhabitant: Inhabitant) -> int:
        reference = link(hospital, inhabitant.person)
        inhabitant.references["hospital-a"] = reference
        done = deposit(hospital, reference, scene.records(inhabitant))
        inhabitant.documents.update(done.documents)
        return len(done.documents)

    steps.begin("sealing and depositing records", len(scene.people))
    stored = sum(at_once(deposit_one, scene.people, steps))
    expect(stored == len(scene.data.records), f"{stored} of {len(scene.data.records)} records were deposited")
    kinds = Counter(record.category.value for record in scene.data.records)
    by_category = ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
    return f"{stored} records of {len(scene.people)} people deposited, each receipt checked ({by_category})"


def permitted_reading(scene: Scene, steps: Steps) -> str:
    """Check 5: clinic B opens exactly what the person permitted, byte for byte what A deposited."""
    steps.begin("permitting clinic B, and reading", None)
    clinic, hero = scene.organisation("clinic-b"), scene.protagonist
    years = permitted_years(scene)
    scene.permission = lay_down(
        hero.person, medical_terms("clinic-b", categories=[Category.MEDICATION], years=years)
    )
    hero.references["clinic-b"] = link(clinic, hero.person)
    opened = open_records(
        clinic,
        hero.references["clinic-b"],
        categories=frozenset({Category.MEDICATION}),
        years=years,
        purpose=Purpose.TREAT,
    )
    wanted = {
        hero.documents[record.name]: record.content
        for record in scene.of_category(hero, Category.MEDICATION)
        if record.year in years
    }
    expect(wanted, "the protagonist has no prescriptions to read")
    expect({each.id: each.content for each in opened} == wanted, "B opened something else than A deposited")
    size = sum(len(content) for content in wanted.values())
    return (
        f"B opened {len(opened)} of the person's {len(scene.records(hero))} records (medication "
        f"{years.first}-{years.last}), {size} bytes, identical to what A deposited"
    )


def permitted_years(scene: Scene) -> YearSpan:
    """Return the years of the story's permission: the later half of those with prescriptions."""
    years = sorted({each.year for each in scene.of_category(scene.protagonist, Category.MEDICATION)})
    return YearSpan(years[len(years) // 2], years[-1])


def refusals(scene: Scene, steps: Steps) -> str:
    """Check 6: everything else is refused with its reason, also the request in flight at a withdrawal."""
    steps.begin("trying what is not permitted", 6)
    hero, b, c = scene.protagonist, scene.organisation("clinic-b"), scene.organisation("clinic-c")
    hero.references["clinic-c"] = link(c, hero.person)
    years, medication = permitted_years(scene), frozenset({Category.MEDICATION})
    own, other = hero.references["clinic-b"], hero.references["clinic-c"]
    treat, research = Purpose.TREAT, Purpose.HRESCH
    laboratory = frozenset({Category.LABORATORY})

    def read_as_b() -> object:
        return open_records(b, own, categories=medication, years=years, purpose=treat)

    seen = {
        "clinic C": _refused(
            lambda: open_records(c, other, categories=medication, years=years, purpose=treat), "no_permission"
        ),
        "another category": _refused(
            lambda: open_records(b, own, categories=laboratory, years=years, purpose=treat), "other_category"
        ),
        "another purpose": _refused(
            lambda: open_records(b, own, categories=medication, years=years, purpose=research),
            "other_purpose",
        ),
    }
    steps.advance(3)
    reason = "check 6 of the story"
    change_roles(scene.both_officials, b, [Role.WRITER], reason=reason)
    time.sleep(KNOWN_EVERYWHERE_SECONDS)
    seen["after the role was removed"] = _refused(read_as_b, "role_missing")
    change_roles(scene.both_officials, b, [Role.WRITER, Role.READER], reason=reason)
    time.sleep(KNOWN_EVERYWHERE_SECONDS)
    steps.advance()
    seen["in flight when withdrawn"] = _in_flight(scene, hero, own)
    steps.advance()
    if scene.permission is None:
        raise CheckFailedError("there is no permission to withdraw: check 5 failed")
    started = time.monotonic()
    receipts = withdraw(hero.person, scene.permission)
    seconds = time.monotonic() - started
    expect(set(receipts) == set(PROXIES), "a body gave no deletion receipt")
    seen["after withdrawal"] = _refused(read_as_b, "withdrawn")
    steps.advance()
    told = "; ".join(f"{who}: {code}" for who, code in seen.items())
    return f"{told}; deletion receipts of {len(receipts)} bodies in {seconds:.2f} s, open years rolled"


def _refused(read: Callable[[], object], code: str) -> str:
    try:
        read()
    except RefusedError as refusal:
        expect(refusal.code == code, f"refused as {refusal.code} where {code} was expected")
        return refusal.code
    raise CheckFailedError(f"a read went through that must be refused ({code})")


def _in_flight(scene: Scene, hero: Inhabitant, reference: str) -> str:
    """Hold up the second body, so that a permitted read is under way while the person withdraws."""
    clinic, person, permission = scene.organisation("clinic-b"), hero.person, scene.permission
    if permission is None:
        raise CheckFailedError("there is no permission to withdraw: check 5 failed")
    selection = Selection(frozenset({Category.MEDICATION}), permitted_years(scene))
    prepared = prepare(clinic, reference, selection=selection, purpose=Purpose.TREAT)
    copy = permission.copies[Body.MEDICAL][0]
    order = person.wallet.withdraw({Body.MEDICAL: copy.verified.jws}, now=person.clock())[Body.MEDICAL]
    person.tokens.token(person.connect(Body.MEDICAL).base_url)
    clinic.tokens.token(clinic.connect(Body.MEDICAL).base_url)
    outcome: list[str] = []

    def read() -> None:
        try:
            send(clinic, prepared)
            outcome.append("opened")
        except RefusedError as refusal:
            outcome.append(refusal.code)

    reading = threading.Thread(target=read)
    logged = _log_size(clinic)
    scene.processes.pause(Body.OVERSIGHT)
    try:
        reading.start()
        _until_logged(clinic, logged)  # R5 is behind it now, R7 waits for the body that was paused
        expect(reading.is_alive(), f"the read did not wait for the second body ({outcome})")
        message = WithdrawalOrder(withdrawal=order)
        person.ask(Body.MEDICAL, lambda http, token: DirectivesClient(http).withdraw(message, token=token))
        expect(reading.is_alive(), f"the read ended before the withdrawal was acknowledged ({outcome})")
    finally:
        scene.processes.resume(Body.OVERSIGHT)
    reading.join()
    expect(outcome == ["withdrawn_in_flight"], f"the read in flight ended as {outcome}")
    return outcome[0]


def _log_size(clinic: Organisation) -> int:
    size = 0
    while found := _leaves(clinic, size):
        size += found
    return size


def _until_logged(clinic: Organisation, before: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _leaves(clinic, before):
        expect(time.monotonic() < deadline, "the medical centre did not log the read")
        time.sleep(0.02)


def _leaves(clinic: Organisation, start: int) -> int:
    return len(clinic.ask(Body.MEDICAL, lambda http, token: SharedClient(http).leaves(start, token=token)))
