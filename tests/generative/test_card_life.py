"""Whatever happens to cards in whatever order, the real ID centre does what a model of a few lines does."""

import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.identity_people import IDENTITY, ITERATIONS, PIN, Holder, card_request
from support.identity_world import running

from consent import base64url, pin
from consent.jwk import to_jwk
from consent.paper_code import SUSPENSION_SIGNS, spell
from services.contracts.identity.card_messages import (
    ChangePin,
    RenewApplication,
    SuspendByCode,
    UnlockApplication,
    presence_content,
)
from services.contracts.identity.messages import (
    Application,
    CardChange,
    CardState,
    NewApplication,
)
from services.contracts.oversight.register import Kind, Role
from services.identity.card_store import CardStore
from services.identity.model import STATE_AFTER, TRANSITIONS
from services.identity.store import Store
from services.kit.http import RemoteProblemError

LIMITS = {Application.AUTHENTICATION: 3, Application.SIGNATURE: 5}
OTHER = {Application.AUTHENTICATION: Application.SIGNATURE, Application.SIGNATURE: Application.AUTHENTICATION}
APPLICATIONS = st.sampled_from(list(Application))
WRONG = "0000"
T = TypeVar("T")


def answer_of(call: Callable[[], T]) -> tuple[str, T | None]:
    """Return `done` with the answer, or the refusal's code."""
    try:
        return "done", call()
    except RemoteProblemError as error:
        return error.code, None


@dataclass
class Kept:
    """One application in the model."""

    limit: int
    digits: str = PIN
    following: str | None = None
    former: str = WRONG
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.limit


class CardLife(RuleBasedStateMachine):
    """One person's cards, one after another, and the model beside them."""

    @initialize()
    def begin(self) -> None:
        """Somebody gets a first card."""
        self.open = ExitStack()
        folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.world = self.open.enter_context(running(folder))
        self.city = self.world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        self.holder = self.world.holder(self.city)
        self.next_pin = 5000
        self.former: list[str] = []
        self._model()

    def teardown(self) -> None:
        """Stop the bodies."""
        if hasattr(self, "open"):
            self.open.close()

    def _model(self) -> None:
        self.state = CardState.ACTIVE
        self.kept = {application: Kept(limit) for application, limit in LIMITS.items()}
        self.code = self.holder.issued.suspension_code
        self.keys: dict[Application, EllipticCurvePrivateKey] = dict(self.holder.keys)

    def _try(self, application: Application, digits: str) -> str:
        attempt = self.holder.attempt(digits, application)
        return answer_of(lambda: self.world.identity(self.city).unlock(attempt))[0]

    def _expected(self, kept: Kept, digits: str) -> str:
        """Count a try in the model, and say what it should yield."""
        if kept.left == 0:
            return "pin_locked"
        kept.left -= 1
        if self.state is not CardState.ACTIVE:
            return "card_not_usable"
        if digits not in (kept.digits, kept.following):
            return "wrong_pin"
        if digits == kept.following:
            kept.former, kept.digits, kept.following = kept.digits, digits, None
        kept.left = kept.limit
        return "done"

    @rule(application=APPLICATIONS, which=st.sampled_from(["wrong", "right", "next", "former"]))
    def try_pin(self, application: Application, which: str) -> None:
        """Try the wrong PIN, the present one, the one that was prepared, or the one from before."""
        kept = self.kept[application]
        known = {"right": kept.digits, "next": kept.following, "former": kept.former}
        digits = known.get(which) or WRONG
        expected = self._expected(kept, digits)
        assert self._try(application, digits) == expected

    @rule(application=APPLICATIONS)
    def try_at_once(self, application: Application) -> None:
        """Six wrong tries at the same moment."""
        expected = Counter(self._expected(self.kept[application], WRONG) for _ in range(6))
        with ThreadPoolExecutor(6) as pool:
            told = Counter(pool.map(lambda _: self._try(application, WRONG), range(6)))
        assert told == expected

    @rule(application=APPLICATIONS)
    def prepare_another_pin(self, application: Application) -> None:
        """Change the PIN, without using the new one yet."""
        kept, following = self.kept[application], self._fresh_pin()
        attempt = self.holder.attempt(kept.digits, application)
        verifier = pin.proof_digest(base64url.decode(self.holder.attempt(following, application).pin_proof))
        message = ChangePin(**attempt.model_dump(), pin_verifier=base64url.encode(verifier))
        expected = self._expected(kept, kept.digits)
        told, _ = answer_of(lambda: self.world.cards(self.city).change_pin(message))
        assert told == expected
        if told == "done":
            kept.following = following

    @rule(application=APPLICATIONS)
    def unlock_at_counter(self, application: Application) -> None:
        """The other application signs; that it is locked itself does not matter to a signature."""
        message = UnlockApplication(
            reference=self.holder.enrolled.reference,
            card=self.holder.issued.card,
            application=application,
            presence=self._presence(application, None),
        )
        token = self.world.operator_token(self.city, IDENTITY)
        told, _ = answer_of(lambda: self.world.cards(self.city).unlock_application(message, token=token))
        assert told == ("done" if self.state is CardState.ACTIVE else "presence_refused")
        if told == "done":
            self.kept[application].left = LIMITS[application]

    @precondition(lambda self: self.state is CardState.ACTIVE)
    @rule(application=APPLICATIONS)
    def renew(self, application: Application) -> None:
        """Another key and PIN; the certificate before does not count any more."""
        key, digits = generate_private_key(SECP256R1()), self._fresh_pin()
        secret = pin.derive(digits, self.holder.file_secret, application.value, ITERATIONS)
        new = NewApplication(
            public_key=to_jwk(key.public_key()),
            pin_verifier=base64url.encode(pin.proof_digest(secret.proof())),
        )
        message = RenewApplication(
            reference=self.holder.enrolled.reference,
            card=self.holder.issued.card,
            application=application,
            new=new,
            presence=self._presence(application, new),
        )
        former = self.holder.kid_of(application)
        token = self.world.operator_token(self.city, IDENTITY)
        told = self.world.cards(self.city).renew_application(message, token=token)
        self.former.append(former)
        applications = {**self.holder.issued.applications, application: told}
        issued = self.holder.issued.model_copy(update={"applications": applications})
        self.keys[application] = key
        self.holder = Holder(self.holder.enrolled, issued, dict(self.keys), self.holder.file_secret)
        before = self.kept[application]
        self.kept[application] = Kept(LIMITS[application], digits, former=before.following or before.digits)

    @rule(right=st.booleans())
    def say_a_code(self, right: bool) -> None:
        """On the telephone."""
        code = self.code if right else spell(3, SUSPENSION_SIGNS)
        self.world.cards(self.city).suspend(SuspendByCode(code=code))
        if right and self.state is CardState.ACTIVE:
            self.state = CardState.SUSPENDED

    @rule(
        change=st.sampled_from([CardChange.SUSPEND, CardChange.RESUME, CardChange.RESUME, CardChange.REVOKE])
    )
    def change_at_counter(self, change: CardChange) -> None:
        """The table of transitions is the whole rule."""
        code, told = answer_of(lambda: self.world.change_card(self.city, self.holder, change))
        assert code == ("done" if change in TRANSITIONS[self.state] else "card_state")
        if told is None:
            return
        self.state = STATE_AFTER[change]
        assert (told.suspension_code is not None) == (change is CardChange.RESUME)
        self.code = told.suspension_code or self.code

    @rule()
    def issue_another(self) -> None:
        """Only after the one before was revoked."""
        keys = {application: generate_private_key(SECP256R1()) for application in Application}
        secret = self.world.random.randbytes(pin.SECRET_SIZE)
        message = card_request(self.holder.enrolled.reference, keys, secret)
        token = self.world.operator_token(self.city, IDENTITY)
        code, issued = answer_of(lambda: self.world.identity(self.city).issue_card(message, token=token))
        assert code == ("done" if self.state is CardState.REVOKED else "card_exists")
        if issued is None:
            return
        self.former += [self.holder.kid_of(application) for application in Application]
        self.holder = Holder(self.holder.enrolled, issued, keys, secret)
        self._model()

    @rule()
    def restart(self) -> None:
        """The machine goes down and comes up again."""
        self.world.restart()

    @rule()
    def sign_in(self) -> None:
        """With the authentication key, whatever PINs were tried."""
        code, _ = answer_of(lambda: self.world.person_token(self.holder, IDENTITY, at=self.city))
        assert code == ("done" if self.state is CardState.ACTIVE else "invalid_grant")

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        """Counters, states, and every certificate that ever was."""
        if not hasattr(self, "open"):
            return
        context = self.world.identity_context
        store = Store(context.cipher)
        cards = CardStore(context.cipher, store)
        with context.database.read() as conn:
            held = store.card(conn, self.holder.issued.card)
            assert held is not None
            assert held.state is self.state
            lefts = {name: left for name, (left, _) in cards.standing(conn, held).items()}
            assert lefts == {application: kept.left for application, kept in self.kept.items()}
            for application in Application:
                status = cards.status(conn, self.holder.kid_of(application))
                assert status is not None
                assert status.state is self.state
            stopped = [cards.status(conn, kid) for kid in self.former]
        assert all(status is not None and status.state is CardState.REVOKED for status in stopped)

    def _fresh_pin(self) -> str:
        self.next_pin += 1
        return str(self.next_pin)

    def _presence(self, application: Application, new: NewApplication | None) -> str:
        content = presence_content(application, new)
        return self.world.presence(self.holder, self.city, application, content=content)


TestCardLife = CardLife.TestCase
TestCardLife.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
