"""Tables of the oversight body.

The register is public, its rows are sealed all the same: who edits one without the body's key makes it unreadable
instead of accrediting somebody.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, MetaData, String, Table

from services.directives.tables import directive_tables
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables
from services.kit.dual_control.tables import proposal_table
from services.oversight.audit_report_tables import audit_report_table
from services.oversight.emergency_tables import emergency_table
from services.oversight.unmasking_tables import unmasking_table
from services.oversight.use_case_tables import use_case_table
from services.recovery.tables import recovery_table

metadata = MetaData()
KIT = kit_tables(metadata)
PROPOSALS = proposal_table(metadata)
DIRECTIVES = directive_tables(metadata)
RECOVERY = recovery_table(metadata)
EMERGENCY = emergency_table(metadata)
USE_CASE = use_case_table(metadata)
UNMASKING = unmasking_table(metadata)
AUDIT_REPORT = audit_report_table(metadata)

register_entry = Table(
    "register_entry",
    metadata,
    Column("kind", String, primary_key=True, info=clear("public: what is accredited")),
    Column("key", String, primary_key=True, info=clear("public: its identifier in the register")),
    Column("entry", LargeBinary, nullable=False, info=sealed("the entry, against editing")),
)

register_edition = Table(
    "register_edition",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, info=clear("always 1")),
    Column("serial", BigInteger, nullable=False, info=clear("public: how often the register changed")),
    CheckConstraint("id = 1", name="register_edition_is_one_row"),
)

WRONG_FRAGMENT = Table(
    "wrong_fragment",
    metadata,
    Column(
        "id", String, primary_key=True, info=clear("a keyed digest of body and read: the same is kept once")
    ),
    Column(
        "reported", BigInteger, nullable=False, index=True, info=clear("when it was reported; shown in order")
    ),
    Column("content", LargeBinary, nullable=False, info=sealed("which body, what shows it, who reported it")),
)

report = Table(
    "report",
    metadata,
    Column("organisation", String, primary_key=True, info=clear("public: who owed it")),
    Column("report", String, primary_key=True, info=clear("public: its name in the register")),
    Column("content", LargeBinary, nullable=False, info=sealed("the report, and who handed it in")),
)
