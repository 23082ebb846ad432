"""Tables that identify nobody: k-anonymity and its kin, and a ledger of what was released to whom."""

from anonymize.anonymizer import anonymize
from anonymize.errors import (
    AnonymizeError,
    FileFormatError,
    HierarchyError,
    JointDisclosureError,
    LatticeTooLargeError,
    LedgerError,
    ModelError,
    NoSolutionError,
    SchemaError,
)
from anonymize.hierarchy import Hierarchy
from anonymize.ledger_store import ReleaseRecord
from anonymize.ledger_tables import LedgerTables
from anonymize.loss import Loss
from anonymize.measure import Measurement, ProsecutorRisk, measure
from anonymize.models import DistinctLDiversity, KAnonymity, Model
from anonymize.releases import PUBLIC, ConnectedLedger, Release, ReleaseLedger
from anonymize.result import Result, Transformation
from anonymize.schema import Schema

__all__ = [
    "PUBLIC",
    "AnonymizeError",
    "ConnectedLedger",
    "DistinctLDiversity",
    "FileFormatError",
    "Hierarchy",
    "HierarchyError",
    "JointDisclosureError",
    "KAnonymity",
    "LatticeTooLargeError",
    "LedgerError",
    "LedgerTables",
    "Loss",
    "Measurement",
    "Model",
    "ModelError",
    "NoSolutionError",
    "ProsecutorRisk",
    "Release",
    "ReleaseLedger",
    "ReleaseRecord",
    "Result",
    "Schema",
    "SchemaError",
    "Transformation",
    "anonymize",
    "measure",
]
