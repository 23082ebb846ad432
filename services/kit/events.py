"""The closed vocabulary of what is logged, the same in every body so that a person can read one history."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from pydantic import JsonValue

from consent.staff import StaffMask
from consent.vocabulary import Body
from services.kit.clock import rfc3339

ACTING: Final = "acting"
"""The member of `detail` that says that a guardian was signed in for the person, and in which capacity."""
A_GUARDIAN: Final = "guardian"
"""What it says where the body does not know the capacity."""


class EventKind(StrEnum):
    """What happened."""

    PERSON_ENROLLED = "person_enrolled"
    CARD_ISSUED = "card_issued"
    CARD_UNLOCK_REFUSED = "card_unlock_refused"
    CARD_LINKED = "card_linked"
    CARD_STATE_CHANGED = "card_state_changed"
    ACCOUNT_CONSENT_CHECKED = "account_consent_checked"
    CARD_PIN_CHANGE_PREPARED = "card_pin_change_prepared"
    CARD_PIN_CHANGED = "card_pin_changed"
    CARD_TRIES_GIVEN_BACK = "card_tries_given_back"
    CARD_APPLICATION_UNLOCKED = "card_application_unlocked"
    CARD_APPLICATION_RENEWED = "card_application_renewed"
    CARD_SUSPENSION_REFUSED = "card_suspension_refused"
    CARD_SUSPENSION_CODE_MADE = "card_suspension_code_made"
    CARD_LOOKED_UP = "card_looked_up"
    CERTIFICATE_NAMED = "certificate_named"
    ATTRIBUTES_STATED = "attributes_stated"
    RECOVERY_LAID_DOWN = "recovery_laid_down"
    RECOVERY_RETIRED = "recovery_retired"
    RECOVERY_RELEASED = "recovery_released"
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - a tag, not a secret
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a tag, not a secret
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_USED = "passkey_used"
    PASSKEY_REFUSED = "passkey_refused"
    TOKENS_REVOKED = "tokens_revoked"
    TOKEN_KEY_CHANGED = "token_key_changed"  # noqa: S105 - a tag, not a secret
    PSEUDONYM_PROVIDED = "pseudonym_provided"
    WALLET_REGISTERED = "wallet_registered"
    RESIDENT_REGISTERED = "resident_registered"
    RESIDENT_CHANGED = "resident_changed"
    RESIDENT_DEPARTED = "resident_departed"
    CONFIRMATION = "confirmation"
    ITEMS_DISCLOSED = "items_disclosed"
    COMPARTMENTS_PUBLISHED = "compartments_published"
    COMPARTMENTS_SHOWN = "compartments_shown"
    RECORDS_DEPOSITED = "records_deposited"
    DIRECTIVE_STORED = "directive_stored"
    DIRECTIVE_WITHDRAWN = "directive_withdrawn"
    GRANTS_LISTED = "grants_listed"
    DECISION_ASKED = "decision_asked"
    RECORDS_READ = "records_read"
    FRAGMENTS_RELEASED = "fragments_released"
    PRODUCT_REGISTERED = "product_registered"
    PURCHASE_REGISTERED = "purchase_registered"
    OWNERSHIP_ENDED = "ownership_ended"
    RECALL_STARTED = "recall_started"
    RECALL_NOTICE = "recall_notice"
    NOTICE_READ = "notice_read"
    JOB_DECIDED = "job_decided"
    RELEASE_FETCHED = "release_fetched"
    ACCREDITATION_CHANGED = "accreditation_changed"
    LOG_SPLIT_FOUND = "log_split_found"
    NUMBER_CHANGED = "number_changed"
    SECTOR_KEY_CHANGED = "sector_key_changed"
    NAMES_RENEWED = "names_renewed"
    NUMBER_LOOKED_UP = "number_looked_up"
    LOOK_UP = "look_up"
    LOOK_UPS_STOPPED = "look_ups_stopped"
    LOOK_UPS_RESUMED = "look_ups_resumed"
    HISTORY_ERASED = "history_erased"
    PROPOSAL_MADE = "proposal_made"
    PROPOSAL_DECIDED = "proposal_decided"
    OPERATOR_PRESENTED = "operator_presented"
    PATIENT_LINKED = "patient_linked"
    PATIENT_LINK_UNDONE = "patient_link_undone"
    IDENTITY_COMPARED = "identity_compared"
    INSURANCE_REGISTERED = "insurance_registered"
    ELIGIBILITY_TOLD = "eligibility_told"
    RECORDS_SET_APART = "records_set_apart"
    SET_APART_LISTED = "set_apart_listed"
    LOOK_UPS_ANALYSED = "look_ups_analysed"
    UPLOAD = "upload"
    UPLOADS_ENDED = "uploads_ended"
    LARGE_DOCUMENT_SENT = "large_document_sent"
    RECORDS_ERASED = "records_erased"
    OWN_RECORDS_FETCHED = "own_records_fetched"
    WALLET_SUCCESSOR_ANNOUNCED = "wallet_successor_announced"
    WALLET_RENEWED = "wallet_renewed"
    RECORDS_HANDED_OVER = "records_handed_over"
    HISTORIES_COUNTED = "histories_counted"
    EMERGENCY_ASKED = "emergency_asked"
    EMERGENCY_DECLARED = "emergency_declared"
    EMERGENCY_RELAYED = "emergency_relayed"
    EMERGENCY_OPENED = "emergency_opened"
    EMERGENCY_REVIEWED = "emergency_reviewed"
    EMERGENCIES_LISTED = "emergencies_listed"
    RELATIONSHIP_REGISTERED = "relationship_registered"
    RELATIONSHIP_ENDED = "relationship_ended"
    STAFF_DESCRIBED = "staff_described"
    WATCH_CHOSEN = "watch_chosen"
    WRONG_FRAGMENT_FOUND = "wrong_fragment_found"
    USE_FLAGGED = "use_flagged"
    USE_CASE_OPENED = "use_case_opened"
    USE_REVIEWED = "use_reviewed"
    USE_CASES_LISTED = "use_cases_listed"
    LEGAL_STATE_TOLD = "legal_state_told"
    GUARDIANSHIPS_LOOKED_UP = "guardianships_looked_up"
    GUARDIANSHIP_REGISTERED = "guardianship_registered"
    GUARDIANSHIP_ENDED = "guardianship_ended"
    GUARDIAN_SIGNED_IN = "guardian_signed_in"
    GUARDIAN_REFUSED = "guardian_refused"
    DEATH_REGISTERED = "death_registered"
    DEATH_CORRECTED = "death_corrected"
    DIRECTIVE_LAPSED = "directive_lapsed"
    UNMASKING_ASKED = "unmasking_asked"
    STAFF_UNMASKED = "staff_unmasked"
    AUDIT_REPORTED = "audit_reported"
    READS_RESUMED = "reads_resumed"


_MASKED = frozenset({"roles", "staff", "colleagues", "unmasked_by"})


class Outcome(StrEnum):
    """How it ended: a decision permits or refuses, anything else is done."""

    PERMITTED = "permitted"
    REFUSED = "refused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Colleague:
    """An operator whose card signed beside the one who acted, maybe of another organisation."""

    organisation: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry as the person or an auditor reads it.

    Guarantees by convention, checked by tests: no pseudonym, no personal number, no content of a record.
    `reason` is a refusal code, `ground` the id of the directive relied on, `detail` further members by kind. In a
    person's history the operator stands under a pseudonym (`kit.staff`): `roles` are theirs, `colleagues` who acted
    with them, `staff` is what the organisation signed. Where their cards signed no mask but this very act,
    `unmasked_by` is the oversight body's key, to which the body itself seals who they were.
    """

    kind: EventKind
    outcome: Outcome
    organisation: str | None = None
    operator: str | None = None
    terminal: str | None = None
    purpose: str | None = None
    categories: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    count: int | None = None
    reason: str | None = None
    ground: str | None = None
    detail: dict[str, JsonValue] | None = None
    roles: frozenset[str] = frozenset()
    colleagues: tuple[Colleague, ...] = ()
    staff: StaffMask | None = field(default=None, repr=False)
    unmasked_by: X25519PublicKey | None = field(default=None, repr=False)

    def wire(self, *, body: Body, at: datetime) -> dict[str, JsonValue]:
        """Return the JSON form that the log commits to where it is nobody's; empty members are left out."""
        told: dict[str, JsonValue] = {"body": body.value, "at": rfc3339(at)}
        for each in fields(self):
            value = getattr(self, each.name)
            if value not in (None, ()) and each.name not in _MASKED:
                told[each.name] = list(value) if isinstance(value, tuple) else value
        return told
