"""The register as this body itself reads it, and as it signs it for the others."""

import threading
from dataclasses import dataclass

from consent import jws
from consent.jwk import thumbprint, to_jwk
from services.contracts.oversight.public import PUBLIC_REGISTER_TYPE, public_register
from services.contracts.oversight.register import REGISTER_TYPE, Directory
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.oversight.register_log import RegisterLog
from services.oversight.store import RegisterStore


@dataclass(frozen=True, slots=True)
class _Edition:
    directory: Directory
    signed: str
    public: str


class Editions:
    """The present edition (`DirectorySource`), never older than the last committed change."""

    def __init__(self, context: BodyContext, store: RegisterStore) -> None:
        self._context = context
        self._store = store
        self._log = RegisterLog(context.journal)
        self._kid = thumbprint(to_jwk(context.signing_key.public_key()))
        self._lock = threading.Lock()
        self._held: _Edition | None = None

    def directory(self) -> Directory:
        """Return the present edition."""
        return self._present().directory

    @egress(
        to="everybody accredited, and through My Portal every signed-in person",
        fields="the whole register of organisations, terminals, operators and bodies, signed",
        purpose="knowing whom to trust",
        ground="the register is public",
        answers=("GET /register",),
    )
    def signed(self) -> str:
        """Return the present edition, signed."""
        return self._present().signed

    @egress(
        to="everybody",
        fields="organisations with terms, sanctions and reports due; how many operators of each role, no names",
        purpose="that everybody can see who is accredited and under what terms",
        ground="the register is public but for its operators",
        answers=("GET /register/public",),
    )
    def public(self) -> str:
        """Return the present edition without operators, signed."""
        return self._present().public

    def _present(self) -> _Edition:
        with self._context.database.read() as conn:
            serial = self._store.serial(conn)
            held = self._held
            if held is not None and held.directory.register.serial == serial:
                return held
            now = epoch_seconds(self._context.clock())
            edition = self._store.edition(conn, issued_at=now, logged=self._log.last(conn))
        with self._lock:
            payload = edition.model_dump(mode="json")
            signed = jws.sign(payload, typ=REGISTER_TYPE, key=self._context.signing_key, kid=self._kid)
            shown = public_register(edition).model_dump(mode="json")
            public = jws.sign(shown, typ=PUBLIC_REGISTER_TYPE, key=self._context.signing_key, kid=self._kid)
            made = _Edition(Directory(edition, self._context.clock, self._context.body), signed, public)
            if self._held is None or self._held.directory.register.serial < edition.serial:
                self._held = made
        return made
