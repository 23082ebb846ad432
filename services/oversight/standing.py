"""What becomes of an entry of the register under dual control: pure, each takes an entry and gives the changed one."""

from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Operator, Organisation, Terminal
from services.oversight.errors import NothingToChangeError

Accreditable = Organisation | Terminal | Operator


def suspended(entry: Accreditable) -> Accreditable:
    """Stop it everywhere. Raises: NothingToChangeError."""
    if not entry.active:
        raise NothingToChangeError("it is suspended already")
    return entry.model_copy(update={"active": False})


def resumed(entry: Accreditable) -> Accreditable:
    """Let it go on. Raises: NothingToChangeError."""
    if entry.active:
        raise NothingToChangeError("it is not suspended")
    return entry.model_copy(update={"active": True})


def with_roles(entry: Operator, asked: RolesChange) -> Operator:
    """Give an operator other roles. Raises: NothingToChangeError."""
    if set(entry.roles) == set(asked.roles):
        raise NothingToChangeError("the operator has these roles already")
    return entry.model_copy(update={"roles": asked.roles})
