"""The closed words of suspicious use: what explains an access, and the rules by which one is flagged."""

from enum import StrEnum


class RelationshipKind(StrEnum):
    """Why an organisation has to do with a person."""

    APPOINTMENT = "appointment"
    REFERRAL = "referral"
    OWN_TEAM = "own_team"


class Explanation(StrEnum):
    """What explains an access by one professional."""

    APPOINTMENT = "appointment"
    REFERRAL = "referral"
    OWN_TEAM = "own_team"
    PERMISSION = "permission"
    EMERGENCY = "emergency"


class Rule(StrEnum):
    """By which rule an access is flagged; the ids stand in cases, histories and docs/suspicious-use.md."""

    UNEXPLAINED = "unexplained"
    OWN_WORD = "own_word"
    AFTER_DISCHARGE = "after_discharge"
    SELF = "self"
    CO_WORKER = "co_worker"
    SAME_SURNAME = "same_surname"
    SAME_ADDRESS = "same_address"
    WELL_KNOWN = "well_known"
    NIGHT = "night"
    RATE = "rate"
    SWEEP = "sweep"


class ReaderIs(StrEnum):
    """What the ID centre says about the human who asks, beside the one who is asked about."""

    SELF = "self"
    CO_WORKER = "co_worker"
