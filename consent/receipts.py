"""Receipts: what a person laid down, or that an organisation was refused, as a consent record and receipt.

A receipt says nothing that does not follow from its proof, so that who verifies it makes it anew and compares. It is of
one body's copy only: two bodies' copies in one hand would show that their names for the person are the same person's.
Source: ISO/IEC TS 27560:2023; W3C Data Privacy Vocabulary. Its bytes are RFC 8785.
"""

from hashlib import sha256

from consent import base64url, canonical, instants
from consent.canonical import JsonObject, JsonValue
from consent.explanations import RefusalCode, explain
from consent.receipt_context import (
    CONTEXT,
    NO_CONSENT,
    OURS,
    RECEIPT_PROFILE,
    REFUSED_REQUEST_PROFILE,
    STATUS,
)
from consent.receipt_facts import Fact, LaidDown, RefusedRequest
from consent.receipt_records import consent_record, data_told, log_told, party, purpose_told


def receipt(fact: Fact, proof: JsonObject) -> JsonObject:
    """Return the receipt of a fact that was verified from this proof."""
    name = base64url.encode(sha256(canonical.encode(proof)).digest())
    if isinstance(fact, LaidDown):
        kind, profile, record = "dpv:ConsentReceipt", RECEIPT_PROFILE, consent_record(fact)
        newest = fact.place if fact.taken_back is None else fact.taken_back.place
    else:
        kind, profile, record = "sekisho:RefusedRequestReceipt", REFUSED_REQUEST_PROFILE, _refused(fact)
        newest = fact.place
    return {
        "@context": CONTEXT,
        "@id": f"{OURS}receipt:{name}",
        "@type": kind,
        "schema_version": profile,
        "receipt_id": name,
        "created": instants.write(newest.cosigned_at),
        "record": record,
        "proof": proof,
    }


def differences(given: JsonValue, made: JsonValue, place: str = "") -> list[str]:
    """Return the places at which two JSON values differ, as paths; at least one if their canonical forms do."""
    if isinstance(given, dict) and isinstance(made, dict):
        names = sorted(given.keys() | made.keys())
        return [
            found
            for name in names
            for found in (
                differences(given[name], made[name], f"{place}.{name}" if place else name)
                if name in given and name in made
                else [f"{place}.{name}" if place else name]
            )
        ]
    if isinstance(given, list) and isinstance(made, list) and len(given) == len(made):
        return [
            found
            for number, (one, other) in enumerate(zip(given, made, strict=True))
            for found in differences(one, other, f"{place}[{number}]")
        ]
    return [] if type(given) is type(made) and given == made else [place]


def _refused(fact: RefusedRequest) -> JsonObject:
    asker = f"{OURS}organisation:{fact.organisation}"
    years: JsonObject = (
        {} if fact.years is None else {"years": {"first": fact.years[0], "last": fact.years[1]}}
    )
    status, said = _told(fact.reason)
    what: JsonObject = {"pii_information": data_told(fact.data), **years}
    processes: list[JsonValue] = [{**purpose_told(each), **what} for each in fact.purposes] or [
        {"@type": "dpv:Process", **what}
    ]
    return {
        "@type": "dpv:DataProcessingRecord",
        "record_id": f"{fact.place.origin}/{fact.place.index}",
        "pii_processing": [{"purposes": processes}],
        "parties": [
            party(fact.body, "dpv:DataController"),
            {"party_id": asker, "party_role": "dpv:Recipient"},
        ],
        "events": [
            {
                "event_time": fact.place.at,
                "entity_id": asker,
                "event_state": status,
                "kind": fact.kind,
                "reason": fact.reason,
                **({} if said is None else {"explanation": said}),
                "log": log_told(fact.place),
            }
        ],
    }


def _told(reason: str) -> tuple[str, JsonObject | None]:
    try:
        code = RefusalCode(reason)
    except ValueError:
        return NO_CONSENT, None
    told = explain(code)
    return STATUS.get(code, NO_CONSENT), {"ja": told.ja, "en": told.en}
