"""The register as a body under test has it: no cache in between, and every token of the ID centre stands."""

from dataclasses import dataclass

from services.contracts.oversight.register import Directory
from services.contracts.oversight.register_view import DirectorySource, WithTokens
from services.kit.clock import system_clock
from services.kit.credentials.standing import TokenStanding
from services.kit.fresh import Fresh

NEVER_YOUNG, PATIENCE = -1.0, 3600.0


@dataclass(frozen=True)
class OneEdition:
    """An edition of the register that never changes."""

    edition: Directory

    def directory(self) -> Directory:
        """See `DirectorySource`."""
        return self.edition


def live_register(source: DirectorySource) -> WithTokens:
    """Return what a source has at this moment, such as a fake oversight body."""

    def standing(_held: TokenStanding | None) -> TokenStanding:
        return TokenStanding.of_keys(source.directory().token_key())

    return WithTokens(
        source, Fresh(standing, name="tokens", clock=system_clock, max_age=NEVER_YOUNG, stale_limit=PATIENCE)
    )
