"""The consent record in a receipt: who, what for, which data, how long, what was shown, and what became of it."""

from collections.abc import Sequence
from typing import Final

from consent import instants
from consent.bilingual import Word
from consent.canonical import JsonObject, JsonValue
from consent.conditions import Onward
from consent.directives import Directive
from consent.jwk import thumbprint
from consent.purposes import TERMS
from consent.receipt_context import BODIES, DATA, OURS, RECORD_PROFILE, RIGHTS, WITHDRAWING
from consent.receipt_facts import LaidDown, LogPlace
from consent.recipients import Recipient
from consent.shown import Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import PROXIES, Body, Category, Purpose

EVERYBODY: Final = f"{OURS}organisation"
_HEALTH: Final = frozenset(each.value for each in Category)


def consent_record(fact: LaidDown) -> JsonObject:
    """Return the record of what was laid down."""
    directive, terms = fact.directive, fact.directive.terms
    process: JsonObject = {
        "privacy_notice": _notice(terms.notice, fact.text),
        "purposes": _processes(directive),
    }
    return {
        "@type": "dpv:ConsentRecord",
        "schema_version": RECORD_PROFILE,
        "record_id": directive.id,
        "pii_principal_id": f"{OURS}person:{directive.person}",
        "pii_processing": [process],
        "parties": [
            {"party_id": f"{OURS}person:{directive.person}", "party_role": "dpv:DataSubject"},
            party(directive.body, "dpv:DataController"),
            party(Body.OVERSIGHT, "dpv:Authority"),
            _recipient(terms.recipient),
        ],
        "events": _events(fact),
    }


def _processes(directive: Directive) -> list[JsonValue]:
    terms = directive.terms
    return [
        {
            **purpose_told(purpose),
            "lawful_basis": "dpv:Consent",
            "pii_information": data_told(sorted(_kinds(terms.scope))),
            **_extent(terms.scope),
            "pii_controllers": [f"{OURS}body:{directive.body}"],
            "processing_method": ["dpv:Access"],
            "conditions": _conditions(terms),
            **_frequency(terms),
            "storage_locations": [f"{OURS}body:{body}" for body in _holders(directive)],
            "retention_period": {
                "@type": "dpv:UntilTimeDuration",
                "until": instants.write(terms.valid_until),
            },
            "jurisdiction": "loc:JP",
            "recipient_third_parties": [_recipient_id(terms.recipient)],
            "withdrawal_method": {"@type": "dpv:WithdrawConsent", "how": both(WITHDRAWING)},
            "privacy_rights": [{"@type": "dpv:DataSubjectRight", "how": both(each)} for each in RIGHTS],
            "authority_party": f"{OURS}body:{Body.OVERSIGHT}",
        }
        for purpose in sorted(terms.purposes)
    ]


def purpose_told(purpose: Purpose) -> JsonObject:
    """Return a purpose with its codes and words."""
    terms = TERMS[purpose]
    return {
        "@type": "dpv:Process",
        "purpose": both(terms.word),
        "purpose_type": terms.dpv,
        "purpose_code": purpose.value,
    }


def _kinds(scope: Scope) -> Sequence[str]:
    return list(scope.categories) if isinstance(scope, RecordScope) else list(scope.items)


def data_told(kinds: Sequence[str]) -> list[JsonValue]:
    """Return kinds of data, each under the nearest term and our own exact one."""
    return [
        {
            "pii_attribute_id": kind,
            **({"pii_type": DATA[kind]} if kind in DATA else {}),
            **({"special_pii_category": "dpv:SpecialCategoryPersonalData"} if kind in _HEALTH else {}),
        }
        for kind in kinds
    ]


def _extent(scope: Scope) -> JsonObject:
    if isinstance(scope, RecordScope):
        return {"years": {"first": scope.years.first, "last": scope.years.last}}
    contract: JsonObject = {} if scope.contract is None else {"contract": scope.contract}
    return {**contract, "reason": sorted(scope.reasons)} if scope.reasons else contract


def _conditions(terms: Terms) -> list[JsonValue]:
    rule = "dpv:Permission" if terms.effect is Effect.PERMIT else "dpv:Prohibition"
    onward = "dpv:Permission" if terms.conditions.onward is Onward.ALLOWED else "dpv:Prohibition"
    return [
        {"@type": rule, "processing_method": "dpv:Access"},
        {"@type": onward, "processing_method": "dpv:Share"},
    ]


def _frequency(terms: Terms) -> JsonObject:
    counted = terms.conditions.frequency
    if counted is None:
        return {}
    return {"frequency": {"@type": "dpv:Frequency", "times": counted.times, "unit": counted.unit.value}}


def _holders(directive: Directive) -> Sequence[Body]:
    return (directive.body,) if isinstance(directive.terms.scope, BasicScope) else PROXIES


def _notice(notice: Notice, text: str | None) -> JsonObject:
    return {
        "@type": "dpv:ConsentNotice",
        "text_id": notice.text_id,
        "version": notice.version,
        "language": notice.language,
        "sha256": notice.sha256_of_text,
        "refusal_meaning": notice.refusal_meaning,
        **({} if text is None else {"text": text}),
    }


def _medium(notice: Notice) -> JsonObject:
    medium = notice.medium
    return {
        "kind": medium.kind.value,
        **({} if medium.operator is None else {"operator": medium.operator}),
        **({} if medium.sha256_of_scan is None else {"sha256_of_scan": medium.sha256_of_scan}),
    }


def party(body: Body, role: str) -> JsonObject:
    """Return one of the bodies."""
    return {
        "party_id": f"{OURS}body:{body}",
        "party_name": both(BODIES[body]),
        "party_role": role,
        "party_type": "dpv:Organisation",
    }


def _recipient_id(recipient: Recipient) -> str:
    if recipient.professional is not None:
        return f"{OURS}operator:{recipient.organisation}:{recipient.professional}"
    return EVERYBODY if recipient.organisation is None else f"{OURS}organisation:{recipient.organisation}"


def _recipient(recipient: Recipient) -> JsonObject:
    works: JsonObject = (
        {} if recipient.professional is None else {"works_at": f"{OURS}organisation:{recipient.organisation}"}
    )
    return {
        "party_id": _recipient_id(recipient),
        "party_role": "dpv:Recipient",
        **works,
        **({} if recipient.role is None else {"role": recipient.role}),
    }


def _events(fact: LaidDown) -> list[JsonValue]:
    directive, terms = fact.directive, fact.directive.terms
    given = "dpv:ConsentGiven" if terms.effect is Effect.PERMIT else "dpv:ConsentRefused"
    guardian = directive.guardian
    events: list[JsonValue] = [
        {
            "event_time": instants.write(directive.issued_at),
            "validity_duration": f"{instants.write(terms.valid_from)}/{instants.write(terms.valid_until)}",
            "entity_id": f"{OURS}person:{directive.person}",
            "event_type": "dpv:ExplicitlyExpressedConsent",
            "event_state": given,
            "medium": _medium(terms.notice),
            "key": thumbprint(fact.key),
            **({} if guardian is None else {"capacity": guardian.capacity.value}),
            "log": log_told(fact.place),
        }
    ]
    back = fact.taken_back
    if back is not None:
        gone = back.deletion
        events.append(
            {
                "event_time": instants.write(back.withdrawal.at),
                "entity_id": f"{OURS}person:{directive.person}",
                "event_state": "dpv:ConsentWithdrawn",
                **({} if gone is None else {"fragments_deleted": gone.fragments_deleted}),
                "log": log_told(back.place),
            }
        )
    return events


def log_told(place: LogPlace) -> JsonObject:
    """Return where a log has it."""
    return {
        "origin": place.origin,
        "index": place.index,
        "at": place.at,
        "size": place.size,
        "cosigned_at": instants.write(place.cosigned_at),
        "cosigned_by": sorted(place.cosigned_by),
    }


def both(word: Word) -> JsonObject:
    """Return a language map."""
    return {"ja": word.ja, "en": word.en}
