"""Linking, undoing and restarting in any order: a number means who it was linked to last, and nobody else."""

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from support.identity_machine import IdentityMachine
from support.identity_people import IDENTITY
from support.identity_wire import refused
from support.patients import by_pin, link

from consent.vocabulary import Body
from services.contracts.identity.messages import DisownLink, LinkedPatient, LinkFault, UndoLink
from services.contracts.oversight.register import Kind, Role
from services.identity.audit import scan
from services.identity.centre import IdentityCentre
from services.identity.workflows.linking_undo import carry_on

PEOPLE: Final = 3
numbers = st.sampled_from(["P-1", "P-2"])
people = st.integers(0, PEOPLE - 1)


class PatientLinks(IdentityMachine):
    """The real ID centre; the model is which person each number means, and how many links were cut."""

    def __init__(self) -> None:
        super().__init__(seed="links")
        self.clinic = self.world.accredit("clinic", Kind.CLINIC, Role.READER)
        self.holders = [self.world.holder(self.city) for _ in range(PEOPLE)]
        self.model: dict[str, tuple[int, LinkedPatient]] = {}
        self.cut: list[LinkedPatient] = []

    @property
    def centre(self) -> IdentityCentre:
        """The ID centre over the present files."""
        return self.world.centre(self.world.registry(self.city))

    @rule(number=numbers, person=people)
    def link(self, number: str, person: int) -> None:
        """Link a number, or be refused because it means somebody else."""
        message = by_pin(self.world, self.holders[person], self.clinic, patient_number=number)
        if number in self.model and self.model[number][0] != person:
            with refused("patient_number_taken", 409):
                link(self.world, self.clinic, message)
            return
        told = link(self.world, self.clinic, message)
        if number in self.model:
            assert told.reference == self.model[number][1].reference
        assert told.link not in {each.link for each in self.cut}
        self.model[number] = person, told

    @rule(number=numbers)
    def undo(self, number: str) -> None:
        """Have the clinic cut a link."""
        message = UndoLink(patient_number=number, fault=LinkFault.WRONG_PERSON)
        token = self.world.operator_token(self.clinic, IDENTITY)
        identity = self.world.identity(self.clinic)
        if number not in self.model:
            with refused("not_found", 404):
                identity.undo_link(message, token=token)
            return
        assert identity.undo_link(message, token=token).link == self.model[number][1].link
        self.cut.append(self.model.pop(number)[1])

    @rule(number=numbers, person=people)
    def disown(self, number: str, person: int) -> None:
        """Have a person cut a link, of their own or not."""
        if number not in self.model:
            return
        holder, told = self.model[number]
        message = DisownLink(link=told.link, fault=LinkFault.UNKNOWN_TO_ME)
        token = self.world.person_token(self.holders[person], IDENTITY, at=self.city)
        identity = self.world.identity(self.city)
        if holder != person:
            with refused("not_found", 404):
                identity.disown_link(message, token=token)
            return
        identity.disown_link(message, token=token)
        self.cut.append(self.model.pop(number)[1])

    @rule()
    def tell(self) -> None:
        """Tell the medical centre of all that was cut."""
        carry_on(self.centre, self.world.medical)
        assert len(self.world.medical.told) == len(self.cut)

    @rule()
    def restart(self) -> None:
        """Stop both bodies and open them again."""
        self.world.restart()

    @invariant()
    def every_reference_means_whom_it_was_linked_to_or_nobody(self) -> None:
        """Compare all references with the model, and audit the rows."""
        with self.world.identity_context.database.read() as conn:
            centre = self.centre
            for person, told in self.model.values():
                named = centre.store.linked(
                    conn, organisation=self.clinic.organisation, reference=told.reference
                )
                own = centre.store.linked(
                    conn,
                    organisation=self.city.organisation,
                    reference=self.holders[person].enrolled.reference,
                )
                assert named == own is not None
            for told in self.cut:
                assert (
                    centre.store.linked(conn, organisation=self.clinic.organisation, reference=told.reference)
                    is None
                )
            assert scan(centre, conn)[1] == []
        handles = {
            centre.namer.link_handle(Body.MEDICAL, self.clinic.organisation, told.reference)
            for told in [*self.cut, *(told for _, told in self.model.values())]
        }
        assert len(handles) == len(self.cut) + len(self.model)


def test_patient_links_agree_with_their_model() -> None:
    """UC10: whatever is linked, cut and restarted, no number ever means somebody it was not linked to."""
    run_state_machine_as_test(
        PatientLinks,
        settings=settings(max_examples=4, stateful_step_count=15, deadline=None),
    )
