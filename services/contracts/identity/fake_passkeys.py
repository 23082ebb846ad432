"""The honest fake's passkeys: devices' answers are verified, tokens are real."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent import base64url
from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.fake_credentials import problem
from services.contracts.identity.fake_cards import FakeIdentityWithCards
from services.contracts.identity.messages import ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE, TokenAnswer
from services.contracts.identity.passkey_messages import (
    PASSKEY_GRANT,
    AddPasskey,
    AskPasskeyOptions,
    Passkey,
    PasskeyOptions,
    Passkeys,
    RemovePasskey,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.passkeys import (
    NewPasskey,
    Page,
    PasskeyError,
    credential_id,
    registration_options,
    signed_challenge,
    spelled,
    verify_registration,
    verify_use,
)
from services.kit.http import RemoteProblemError, Token
from services.kit.strict_json import loads

MOST = 10


@dataclass
class _Held:
    made: NewPasskey
    holder: Pseudonym
    told: Passkey
    count: int


@dataclass
class FakeIdentityWithPasskeys(FakeIdentityWithCards):
    """See `PasskeyDesk`."""

    held: dict[str, _Held] = field(default_factory=dict, repr=False)

    def passkey_options(self, message: AskPasskeyOptions, *, token: Token) -> PasskeyOptions:
        """See `PasskeyDesk`."""
        self._by_card(token)
        challenge = self._endpoint.challenge().challenge
        handle = self.randomness(16)
        told = registration_options(
            self._page(), challenge=challenge, name=message.name, handle=handle, known=[]
        )
        return PasskeyOptions(challenge=challenge, options=told)

    def add_passkey(self, message: AddPasskey, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        holder, refused = self._by_card(token), problem(403, "passkey_refused")
        if message.challenge not in self._endpoint.challenges:
            raise refused
        try:
            made = verify_registration(message.credential, challenge=message.challenge, page=self._page())
        except PasskeyError:
            raise refused from None
        self._endpoint.use_once(f"challenge {message.challenge}", problem(409, "replayed"))
        name = spelled(made.id)
        if name in self.held:
            raise refused
        told = Passkey(id=name, name=message.name, added=epoch_seconds(self.clock()), used=None)
        self.held[name] = _Held(made, holder, told, made.count)
        return self._listed(holder)

    def passkeys(self, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        return self._listed(self._person(token))

    def remove_passkey(self, message: RemovePasskey, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        holder = self._person(token)
        if message.id not in self.held or self.held[message.id].holder != holder:
            raise problem(404, "not_found")
        del self.held[message.id]
        self._endpoint.end_ground(f"passkey {message.id}")
        return self._listed(holder)

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """See `Identity`."""
        if fields["grant_type"] == TOKEN_EXCHANGE:
            return self._exchanged(fields, key)
        if fields["grant_type"] != PASSKEY_GRANT:
            return super().token(fields, key=key)
        name = self._used(fields, key.thumbprint, problem(400, "invalid_grant"))
        own = self.held[name].holder
        holder = next(each for each in self.numbers if self.pseudonym(Body.IDENTITY, each) == own)
        return self._endpoint.issue_to_person(
            holder, resource=fields["resource"], key=key, ground=f"passkey {name}", acr="passkey"
        )

    def _exchanged(self, fields: Mapping[str, str], key: DpopKey) -> TokenAnswer:
        if fields["resource"] == self.url:
            raise problem(400, "invalid_target")
        subject = Token(fields["subject_token"], key)
        try:
            own = self._person(subject)
        except RemoteProblemError:
            raise problem(400, "invalid_request") from None
        ground = next(each for token, _, each in self._endpoint.issued if token == subject.value)
        holder = next(each for each in self.numbers if self.pseudonym(Body.IDENTITY, each) == own)
        acr = str(loads(base64url.decode(subject.value.split(".")[1]))["acr"])
        answer = self._endpoint.issue_to_person(
            holder, resource=fields["resource"], key=key, ground=ground, acr=acr
        )
        return answer.model_copy(update={"issued_token_type": ACCESS_TOKEN_TYPE})

    def _used(self, fields: Mapping[str, str], jkt: str, refused: RemoteProblemError) -> str:
        challenge = fields["challenge"]
        try:
            credential = loads(base64url.decode(fields["assertion"]))
            name = spelled(credential_id(credential))
            held = self.held[name]
            held.count = verify_use(
                credential,
                challenge=signed_challenge(challenge, jkt),
                page=self._page(),
                public_key=held.made.public_key,
                count=held.count,
            )
        except (PasskeyError, ValueError, KeyError):
            raise refused from None
        if challenge not in self._endpoint.challenges:
            raise refused
        self._endpoint.use_once(f"challenge {challenge}", refused)
        held.told = held.told.model_copy(update={"used": epoch_seconds(self.clock())})
        return name

    def _by_card(self, token: Token) -> Pseudonym:
        holder = self._person(token)
        if loads(base64url.decode(token.value.split(".")[1]))["acr"] != "card":
            raise problem(403, "forbidden")
        return holder

    def _listed(self, holder: Pseudonym) -> Passkeys:
        return Passkeys(passkeys=[each.told for each in self.held.values() if each.holder == holder])

    def _page(self) -> Page:
        return Page(self.directory().body(Body.PORTAL).url)
