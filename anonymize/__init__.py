"""Tables that identify nobody: k-anonymity and its kin, and a ledger of what was released to whom."""

from anonymize.anonymizer import anonymize
from anonymize.errors import (
    AnonymizeError,
    BudgetExhaustedError,
    DifferencingError,
    FileFormatError,
    HierarchyError,
    JointDisclosureError,
    LedgerError,
    ModelError,
    NoSolutionError,
    RefusalsExhaustedError,
    SchemaError,
    SearchStoppedError,
    SparkMissingError,
    StatisticsError,
    TransformationError,
    UnsafeStatisticError,
)
from anonymize.hierarchy import Hierarchy
from anonymize.joint_values import JointValues
from anonymize.ledger_anchor import Anchor, FileAnchor, Head
from anonymize.ledger_connected import ConnectedLedger
from anonymize.ledger_database import ReleaseLedger
from anonymize.ledger_decision import PUBLIC, Refusal
from anonymize.ledger_policy import LedgerPolicy
from anonymize.ledger_store import LedgerEntry
from anonymize.ledger_tables import LedgerTables
from anonymize.loss import Loss, NormalisedEntropy, Precision
from anonymize.loss_of_classes import AverageClassSize, Discernibility
from anonymize.measure import Disclosure, Measurement, ProsecutorRisk, Recursive, measure
from anonymize.models import (
    AverageRisk,
    BasicBetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    Equal,
    Hierarchical,
    KAnonymity,
    KMap,
    MaximalRisk,
    Model,
    Ordered,
    RecursiveDiversity,
    TCloseness,
)
from anonymize.population import Uniqueness, population_uniqueness
from anonymize.population_limit import PopulationUniqueness
from anonymize.releases import Release
from anonymize.result import Result, Transformation
from anonymize.rules import RuleCheck, RuleReport, check_rules
from anonymize.schema import Schema
from anonymize.search import Progress
from anonymize.statistics import (
    Dominance,
    FrequencyTable,
    StatisticsPolicy,
    Zeros,
    frequency_table,
    rounded_frequency_table,
)
from anonymize.transformations import (
    BottomCoding,
    CellSuppression,
    ColumnTransformation,
    DateTruncation,
    GeometricNoise,
    LaplaceNoise,
    MicroAggregation,
    Rounding,
    Sampling,
    TableTransformation,
    TopCoding,
    Transformed,
    transform,
)
from anonymize.utility import ClassificationAccuracy, classification_accuracy

__all__ = [
    "PUBLIC",
    "Anchor",
    "AnonymizeError",
    "AverageClassSize",
    "AverageRisk",
    "BasicBetaLikeness",
    "BottomCoding",
    "BudgetExhaustedError",
    "CellSuppression",
    "ClassificationAccuracy",
    "ColumnTransformation",
    "ConnectedLedger",
    "DateTruncation",
    "DeltaDisclosure",
    "DeltaPresence",
    "DifferencingError",
    "Discernibility",
    "Disclosure",
    "DistinctLDiversity",
    "Dominance",
    "EnhancedBetaLikeness",
    "EntropyLDiversity",
    "Equal",
    "FileAnchor",
    "FileFormatError",
    "FrequencyTable",
    "GeometricNoise",
    "Head",
    "Hierarchical",
    "Hierarchy",
    "HierarchyError",
    "JointDisclosureError",
    "JointValues",
    "KAnonymity",
    "KMap",
    "LaplaceNoise",
    "LedgerEntry",
    "LedgerError",
    "LedgerPolicy",
    "LedgerTables",
    "Loss",
    "MaximalRisk",
    "Measurement",
    "MicroAggregation",
    "Model",
    "ModelError",
    "NoSolutionError",
    "NormalisedEntropy",
    "Ordered",
    "PopulationUniqueness",
    "Precision",
    "Progress",
    "ProsecutorRisk",
    "Recursive",
    "RecursiveDiversity",
    "Refusal",
    "RefusalsExhaustedError",
    "Release",
    "ReleaseLedger",
    "Result",
    "Rounding",
    "RuleCheck",
    "RuleReport",
    "Sampling",
    "Schema",
    "SchemaError",
    "SearchStoppedError",
    "SparkMissingError",
    "StatisticsError",
    "StatisticsPolicy",
    "TCloseness",
    "TableTransformation",
    "TopCoding",
    "Transformation",
    "TransformationError",
    "Transformed",
    "Uniqueness",
    "UnsafeStatisticError",
    "Zeros",
    "anonymize",
    "check_rules",
    "classification_accuracy",
    "frequency_table",
    "measure",
    "population_uniqueness",
    "rounded_frequency_table",
    "transform",
]
