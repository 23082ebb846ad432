"""The closed lists that directives, statements and records are written in."""

from enum import StrEnum
from typing import Final


class Category(StrEnum):
    """Kind of record; a directive and a compartment name it."""

    SUMMARY = "summary"
    MEDICATION = "medication"
    CHECKUP = "checkup"
    LABORATORY = "laboratory"
    IMAGING = "imaging"
    ENCOUNTER = "encounter"
    MATERNAL = "maternal"
    SENSITIVE = "sensitive"


class Purpose(StrEnum):
    """What the data are used for.

    Source: HL7 v3 PurposeOfUse and the W3C Data Privacy Vocabulary; `consent.purposes` has both codes of each.
    """

    TREAT = "TREAT"
    ETREAT = "ETREAT"
    HRESCH = "HRESCH"
    PATRQT = "PATRQT"
    IDENTITY_VERIFICATION = "IdentityVerification"
    ELIGIBILITY = "ELIGVER"
    RESEARCH_FEEDBACK = "ResearchFeedback"
    PRODUCT_RECALL = "ProductRecall"
    ACCIDENT_PREVENTION = "AccidentPrevention"
    MAINTENANCE = "Maintenance"
    REUSE_QUALITY = "ReuseQuality"


class BasicItem(StrEnum):
    """The four basic items of the resident registry."""

    NAME = "name"
    ADDRESS = "address"
    SEX = "sex"
    BIRTH_DATE = "birth_date"


class ConfirmationReason(StrEnum):
    """Why an organisation asks for basic items; a contract provides for some of them. Nothing else is a reason.

    Finding customers is none: what a permission yields is not for advertising.
    """

    OPENING = "opening"
    PERIODIC_CHECK = "periodic_check"
    MAIL_RETURNED = "mail_returned"
    PAYMENT_DUE = "payment_due"
    CONTRACT_CHANGE = "contract_change"
    INHERITANCE = "inheritance"


class Body(StrEnum):
    """The separate organisations of Sekisho."""

    IDENTITY = "identity"
    REGISTRY = "registry"
    MEDICAL = "medical"
    PRODUCT_SAFETY = "product_safety"
    RESEARCH = "research"
    OVERSIGHT = "oversight"
    PORTAL = "portal"


PROXIES: Final = (Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY)
"""The three that hold key fragments, in the order in which fragments are dealt."""

THRESHOLD: Final = 2
"""How many of the proxies must take part before a reader can open anything."""
