"""The honest registry in memory, with statements about certificates."""

from consent.attributes import AttributeStatement, state
from services.contracts.fake_credentials import person_caller, problem
from services.contracts.registry.attributes import StateAttributes, StatedAttributes, about_certificate
from services.contracts.registry.fake import FakeRegistry
from services.kit.http import Token


class FakeAttributeRegistry(FakeRegistry):
    """The honest registry in memory, with statements."""

    def state_attributes(self, message: StateAttributes, *, token: Token) -> StatedAttributes:
        """See `AttributeRegistry`."""
        caller = person_caller(
            token, directory=self.directory(), audience=self.url, key=self.key, now=self.clock()
        )
        if self.whom(message.token, about_certificate(message.certificate)) != caller:
            raise problem(403, "pseudonym_token_refused")
        if caller not in self.residents:
            raise problem(404, "not_registered")
        stated = AttributeStatement(
            message.certificate, self.residents[caller], self.clock().replace(microsecond=0)
        )
        return StatedAttributes(statement=state(stated, self.signing_key))
