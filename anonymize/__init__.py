"""Tables that identify nobody: k-anonymity and its kin, and a ledger of what was released to whom."""

from anonymize.anonymizer import anonymize
from anonymize.errors import (
    AnonymizeError,
    FileFormatError,
    HierarchyError,
    JointDisclosureError,
    LedgerError,
    ModelError,
    NoSolutionError,
    SchemaError,
    SearchStoppedError,
)
from anonymize.hierarchy import Hierarchy
from anonymize.ledger_store import ReleaseRecord
from anonymize.ledger_tables import LedgerTables
from anonymize.loss import Loss
from anonymize.measure import Measurement, ProsecutorRisk, measure
from anonymize.models import (
    DistinctLDiversity,
    EntropyLDiversity,
    Equal,
    Hierarchical,
    KAnonymity,
    Model,
    Ordered,
    RecursiveDiversity,
    TCloseness,
)
from anonymize.releases import PUBLIC, ConnectedLedger, Release, ReleaseLedger
from anonymize.result import Result, Transformation
from anonymize.schema import Schema
from anonymize.search import Progress

__all__ = [
    "PUBLIC",
    "AnonymizeError",
    "ConnectedLedger",
    "DistinctLDiversity",
    "EntropyLDiversity",
    "Equal",
    "FileFormatError",
    "Hierarchical",
    "Hierarchy",
    "HierarchyError",
    "JointDisclosureError",
    "KAnonymity",
    "LedgerError",
    "LedgerTables",
    "Loss",
    "Measurement",
    "Model",
    "ModelError",
    "NoSolutionError",
    "Ordered",
    "Progress",
    "ProsecutorRisk",
    "RecursiveDiversity",
    "Release",
    "ReleaseLedger",
    "ReleaseRecord",
    "Result",
    "Schema",
    "SchemaError",
    "SearchStoppedError",
    "TCloseness",
    "Transformation",
    "anonymize",
    "measure",
]
