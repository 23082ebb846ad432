"""What receipts say: as a consent record of ISO/IEC TS 27560 in DPV, and to people in two languages (R19)."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from support.json_ld import expand, names, values
from support.receipt_proofs import NOTICE, PROOFS, TERMS, TEXT, TRUST, WALLET, proof, read, refused

from consent.explanations import RefusalCode
from consent.jwk import thumbprint
from consent.receipt_context import CONTEXT
from consent.receipt_facts import LaidDown, RefusedRequest
from consent.receipt_words import lines, title
from consent.vocabulary import Body
from services.gateway.receipt_page import page
from services.gateway.receipts import (
    Receipt,
    make_receipt,
)

DPV, DCT, PD = "https://w3id.org/dpv#", "http://purl.org/dc/terms/", "https://w3id.org/dpv/pd#"
PUBLISHED = (
    {
        f"{DPV}{each}"
        for each in (
            *(
                "Access",
                "Authority",
                "Consent",
                "ConsentGiven",
                "ConsentNotice",
                "ConsentReceipt",
                "ConsentRecord",
            ),
            *("ConsentRefused", "ConsentStatusInvalidForProcessing", "ConsentWithdrawn", "DataController"),
            *(
                "DataProcessingRecord",
                "DataSubject",
                "DataSubjectRight",
                "ExplicitlyExpressedConsent",
                "Frequency",
            ),
            *("IdentityVerification", "Organisation", "Permission", "Process", "Prohibition", "Recipient"),
            *(
                "ScientificResearch",
                "Share",
                "SpecialCategoryPersonalData",
                "UntilTimeDuration",
                "WithdrawConsent",
            ),
            *(
                "hasAuthority",
                "hasConsentControl",
                "hasConsentStatus",
                "hasDataController",
                "hasDataProcessor",
            ),
            *("hasDataSubject", "hasDuration", "hasFrequency", "hasIndicationMethod", "hasJurisdiction"),
            *("hasLegalBasis", "hasName", "hasNotice", "hasPersonalData", "hasProcess", "hasProcessing"),
            *(
                "hasPurpose",
                "hasRecipient",
                "hasRecordOfActivity",
                "hasRight",
                "hasRule",
                "isIndicatedAtTime",
            ),
            "isIndicatedBy",
        )
    }
    | {
        f"{DCT}{each}"
        for each in ("conformsTo", "created", "date", "description", "identifier", "language", "valid")
    }
    | {f"{PD}{each}" for each in ("MedicalHealth", "Name", "Prescription")}
    | {"https://w3id.org/dpv/sector/health#ServiceProvision", "https://w3id.org/dpv/loc#JP"}
    | {f"https://w3id.org/dpv/schema/dpv-27560#{each}" for each in ("record", "receipt-record")}
)
"""Names of DPV 2 and its extensions and of DCMI terms, from the published lists."""


@pytest.fixture(params=list(PROOFS), scope="module")
def made(request: pytest.FixtureRequest) -> Receipt:
    return make_receipt(PROOFS[request.param], TRUST)


def test_everything_that_was_shown_and_laid_down_is_in_it() -> None:
    """R19: text, version, language, what refusing means, how it was asked, when, with which key."""
    record = read(make_receipt(PROOFS["permission"], TRUST))["record"]
    (processing,) = record["pii_processing"]
    assert processing["privacy_notice"] == {
        "@type": "dpv:ConsentNotice",
        "text": TEXT,
        "text_id": "t",
        "version": "3",
        "language": "ja",
        "sha256": NOTICE.sha256_of_text,
        "refusal_meaning": "不利になりません。",
    }
    research, treatment = processing["purposes"]
    assert (research["purpose_code"], treatment["purpose_code"]) == ("HRESCH", "TREAT")
    assert research["purpose_type"] == "https://w3id.org/dpv#ScientificResearch"
    assert treatment["years"] == {"first": 2024, "last": 2026}
    assert [each["pii_attribute_id"] for each in treatment["pii_information"]] == ["medication", "sensitive"]
    assert treatment["frequency"] == {"@type": "dpv:Frequency", "times": 2, "unit": "day"}
    assert {"@type": "dpv:Permission", "processing_method": "dpv:Share"} in treatment["conditions"]
    assert treatment["recipient_third_parties"] == ["urn:sekisho:organisation:clinic-b"]
    (given,) = record["events"]
    assert given["event_state"] == "dpv:ConsentGiven"
    assert given["event_time"] == "2026-11-21T09:00:00Z"
    assert given["validity_duration"] == "2026-11-21T09:00:00Z/2027-11-21T09:00:00Z"
    assert given["medium"] == {"kind": "portal"}
    assert given["key"] == thumbprint(WALLET.public_jwk(Body.MEDICAL))
    assert given["log"]["index"] == 0
    assert given["log"]["cosigned_by"] == ["sekisho/oversight/witness"]


@pytest.mark.parametrize(
    ("name", "medium"),
    [
        ("refusal", {"kind": "counter", "operator": "op-1"}),
        ("paper", {"kind": "paper", "operator": "op-1", "sha256_of_scan": sha256(b"scan").hexdigest()}),
    ],
)
def test_other_media_are_in_it(name: str, medium: dict[str, str]) -> None:
    assert read(make_receipt(PROOFS[name], TRUST))["record"]["events"][0]["medium"] == medium


def test_refusal_and_withdrawal_are_consent_refused_and_withdrawn() -> None:
    denied = read(make_receipt(PROOFS["refusal"], TRUST))["record"]
    assert denied["events"][0]["event_state"] == "dpv:ConsentRefused"
    assert denied["pii_processing"][0]["purposes"][0]["conditions"][0]["@type"] == "dpv:Prohibition"
    given, back = read(make_receipt(PROOFS["withdrawal"], TRUST))["record"]["events"]
    assert given["event_state"] == "dpv:ConsentGiven"
    assert (back["event_state"], back["fragments_deleted"]) == ("dpv:ConsentWithdrawn", 3)
    assert back["event_time"] == "2026-11-21T10:00:00Z"


@pytest.mark.parametrize("code", list(RefusalCode))
def test_refused_request_says_who_what_and_why(code: RefusalCode) -> None:
    receipt = make_receipt(refused(reason=code.value), TRUST)
    record = read(receipt)["record"]
    (asked,) = record["events"]
    assert asked["entity_id"] == "urn:sekisho:organisation:clinic-c"
    assert asked["reason"] == code.value
    assert asked["explanation"]["en"] in {label.en: value.en for label, value in lines(receipt.fact)}["why"]
    assert asked["event_state"].startswith("dpv:Consent")
    assert asked["event_state"] != "dpv:ConsentGiven"


def test_every_name_in_it_is_one_of_the_published_vocabularies(made: Receipt) -> None:
    """JSON-LD: expanded by the specification, each name of DPV and of Dublin Core is a published one."""
    expanded = expand(read(made))
    used = {each for each in names(expanded) if not each.startswith("urn:sekisho:")}
    assert used <= PUBLISHED
    (record,) = expanded["https://w3id.org/dpv#hasRecordOfActivity"]
    (proven,) = expanded["urn:sekisho:receipt:proof"]
    assert proven["@type"] == "@json"
    for status in record["https://w3id.org/dpv#hasConsentStatus"]:
        assert any(each.startswith("https://w3id.org/dpv#Consent") for each in status["@type"])
    assert record["@included"]
    assert all(each["@value"] for each in values(expanded, "http://purl.org/dc/terms/identifier"))


def test_context_has_no_word_that_no_receipt_uses() -> None:
    used = {
        name
        for each in PROOFS.values()
        for name in _members(read(make_receipt(each, TRUST)) | {"@context": {}, "proof": {}})
    } | {"proof", "works_at", "role", "capacity"}
    prefixes = {"dct", "dpv", "loc", "pd", "sekisho", "xsd"}
    assert {name for name in CONTEXT if name not in prefixes} <= used


def _members(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _members(each)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_people_read_the_same_in_both_languages(made: Receipt, language: str) -> None:
    shown = page(made.fact, language)
    assert f'<html lang="{language}">' in shown
    assert title(made.fact).of(language) in shown
    assert "<script" not in shown
    for label, value in lines(made.fact):
        assert label.of(language)
        assert value.of(language)


def test_page_shows_values_and_runs_none() -> None:
    notice = replace(NOTICE, refusal_meaning="<script>alert(1)</script>")
    fact = make_receipt(proof(replace(TERMS, notice=notice)), TRUST).fact
    assert "<script" not in page(fact, "en")
    assert "&lt;script&gt;" in page(fact, "en")


def test_receipt_names_nobody_as_another_body_does() -> None:
    """LN1: nothing in it is of another body's copy."""
    assert isinstance(PROOFS["permission"].told(), dict)
    facts = [make_receipt(each, TRUST).fact for each in PROOFS.values()]
    assert {type(each) for each in facts} == {LaidDown, RefusedRequest}
    content = make_receipt(PROOFS["basic items"], TRUST).content.decode()
    assert "urn:sekisho:person:p-1" in content
    assert "sekisho/medical" not in content
