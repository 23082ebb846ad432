"""A stateful machine over a real ID centre and a real registry of its own, which are removed at its end."""

import shutil
import tempfile
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine
from support.identity_world import World

from services.contracts.oversight.register import Kind, Role


class IdentityMachine(RuleBasedStateMachine):
    """The bodies and a municipality; what extends it adds the model."""

    def __init__(self, *, seed: str = "world") -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.folder, seed=seed)
        self.world.start()
        self.city = self.world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)

    def teardown(self) -> None:
        """Stop and remove everything."""
        self.world.stop()
        shutil.rmtree(self.folder)
