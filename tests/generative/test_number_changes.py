"""Enrolling, changing numbers and looking people up by numbers in any order: a number means one person, or nobody."""

from hypothesis import settings
from hypothesis.stateful import Bundle, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from support.identity_machine import IdentityMachine
from support.identity_people import IDENTITY, Holder

from consent.personal_number import validate
from services.contracts.identity.messages import ChangeNumber
from services.identity import tables
from services.identity.store import NUMBER_COLUMN


class Numbers(IdentityMachine):
    """The real ID centre; the model is who has which number, and which numbers were given up."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.present: dict[str, str] = {}
        self.given_up: set[str] = set()

    def taken(self, holder: Holder, number: str) -> None:
        """Move the model's person to a number that nobody has or had."""
        validate(number)
        assert number not in self.given_up
        assert number not in self.present.values()
        former = self.present.get(holder.enrolled.reference)
        self.given_up |= {former} if former is not None else set()
        self.present[holder.enrolled.reference] = number

    @rule(target=people)
    def enrol(self) -> Holder:
        """Somebody gets a number and a card."""
        holder = self.world.holder(self.city)
        self.taken(holder, holder.enrolled.personal_number)
        return holder

    @rule(holder=people)
    def change_alone(self, holder: Holder) -> None:
        """The person changes the number."""
        token = self.world.person_token(holder, IDENTITY, at=self.city)
        self.taken(holder, self.world.identity(self.city).change_own_number(token=token).personal_number)

    @rule(holder=people)
    def change_at_counter(self, holder: Holder) -> None:
        """The municipality changes it."""
        message = ChangeNumber(reference=holder.enrolled.reference)
        token = self.world.operator_token(self.city, IDENTITY)
        self.taken(holder, self.world.identity(self.city).change_number(message, token=token).personal_number)

    @rule(holder=people)
    def ask(self, holder: Holder) -> None:
        """The person asks for the number: it is the newest, whatever happened."""
        token = self.world.person_token(holder, IDENTITY, at=self.city)
        told = self.world.identity(self.city).own_number(token=token).personal_number
        assert told == self.present[holder.enrolled.reference]

    @rule()
    def restart(self) -> None:
        """The ID centre is stopped and started."""
        self.world.restart()

    @invariant()
    def a_number_means_one_person_or_nobody(self) -> None:
        """Present numbers name somebody, each somebody else; numbers that were given up name nobody."""
        context = self.world.identity_context
        number = tables.person.c.number
        with context.database.read() as conn:
            for each in [*self.present.values(), *self.given_up]:
                wanted = context.cipher.lookup(each.encode(), column=NUMBER_COLUMN)
                found = conn.execute(select(func.count()).where(number == wanted)).scalar_one()
                assert found == (1 if each in self.present.values() else 0)
            assert conn.execute(select(func.count()).select_from(tables.person)).scalar_one() == len(
                self.present
            )


def test_number_means_one_person_or_nobody_whatever_happens() -> None:
    """J5"""
    run_state_machine_as_test(
        Numbers, settings=settings(max_examples=4, stateful_step_count=15, deadline=None)
    )
