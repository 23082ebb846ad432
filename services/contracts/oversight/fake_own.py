"""An honest oversight body as one terminal by itself reaches it; the same contract tests run on the real one."""

from dataclasses import dataclass

from services.contracts.fake_credentials import terminal_caller
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.own import OwnAccreditation, own_accreditation
from services.kit.http import RemoteProblemError, Token


@dataclass(frozen=True, slots=True)
class FakeOwnStanding:
    """See `OwnStanding`."""

    oversight: FakeOversight
    audience: str
    token: Token

    def own_accreditation(self) -> OwnAccreditation:
        """See `OwnStanding`."""
        directory = self.oversight.directory()
        caller = terminal_caller(
            self.token,
            "accreditation",
            directory=directory,
            audience=self.audience,
            now=self.oversight.clock(),
        )
        found = own_accreditation(directory.register, caller.terminal)
        if found is None:
            raise RemoteProblemError(
                status=404, code="not_found", title="not_found", detail="", members={"code": "not_found"}
            )
        return found
