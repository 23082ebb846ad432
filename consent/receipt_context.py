"""What a receipt's words mean: the JSON-LD context that every receipt carries, and the terms that stand for our lists.

The members are those of ISO/IEC TS 27560:2023; the context says which term of the W3C Data Privacy Vocabulary (DPV)
or of Dublin Core each is, after the mapping in the W3C guide to that specification. What neither has a term for is
under a name of ours. Nothing is fetched to read it.
Source: ISO/IEC TS 27560:2023 (names as W3C's DPV guide "Consent Records and Receipts" lists them); JSON-LD 1.1.
"""

from collections.abc import Mapping
from typing import Final

from consent.bilingual import Word
from consent.canonical import JsonObject
from consent.explanations import RefusalCode
from consent.vocabulary import BasicItem, Body, Category

OURS: Final = "urn:sekisho:"
RECORD_PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#record"
RECEIPT_PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-record"
REFUSED_REQUEST_PROFILE: Final = "urn:sekisho:receipt:refused-request"
LANGUAGES: Final = {"@container": "@language"}
IRI: Final = {"@type": "@id"}
TIME: Final = {"@type": "xsd:dateTime"}

CONTEXT: Final[JsonObject] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "pd": "https://w3id.org/dpv/pd#",
    "sekisho": f"{OURS}receipt:",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema_version": {"@id": "dct:conformsTo", **IRI},
    "receipt_id": "dct:identifier",
    "record_id": "dct:identifier",
    "created": {"@id": "dct:created", **TIME},
    "record": "dpv:hasRecordOfActivity",
    "pii_principal_id": {"@id": "dpv:hasDataSubject", **IRI},
    "pii_processing": "@nest",
    "privacy_notice": "dpv:hasNotice",
    "language": "dct:language",
    "text": "dct:description",
    "text_id": "dct:identifier",
    "version": "sekisho:version",
    "sha256": "sekisho:sha256",
    "refusal_meaning": "sekisho:refusalMeaning",
    "purposes": "dpv:hasProcess",
    "purpose": {"@id": "dct:description", **LANGUAGES},
    "purpose_type": {"@id": "dpv:hasPurpose", **IRI},
    "purpose_code": "dct:identifier",
    "lawful_basis": {"@id": "dpv:hasLegalBasis", **IRI},
    "pii_information": "dpv:hasPersonalData",
    "pii_type": "@type",
    "pii_attribute_id": "dct:identifier",
    "special_pii_category": "@type",
    "years": "sekisho:years",
    "first": "sekisho:first",
    "last": "sekisho:last",
    "contract": "sekisho:contract",
    "reason": "sekisho:reason",
    "pii_controllers": {"@id": "dpv:hasDataController", **IRI},
    "processing_method": {"@id": "dpv:hasProcessing", **IRI},
    "storage_locations": {"@id": "dpv:hasDataProcessor", **IRI},
    "retention_period": "dpv:hasDuration",
    "until": {"@id": "dct:valid", **TIME},
    "jurisdiction": {"@id": "dpv:hasJurisdiction", **IRI},
    "recipient_third_parties": {"@id": "dpv:hasRecipient", **IRI},
    "conditions": "dpv:hasRule",
    "frequency": "dpv:hasFrequency",
    "times": "sekisho:times",
    "unit": "sekisho:unit",
    "withdrawal_method": "dpv:hasConsentControl",
    "privacy_rights": "dpv:hasRight",
    "how": {"@id": "dct:description", **LANGUAGES},
    "authority_party": {"@id": "dpv:hasAuthority", **IRI},
    "parties": "@included",
    "party_id": "@id",
    "party_name": {"@id": "dpv:hasName", **LANGUAGES},
    "party_role": "@type",
    "party_type": "@type",
    "role": "sekisho:role",
    "works_at": {"@id": "sekisho:worksAt", **IRI},
    "events": "dpv:hasConsentStatus",
    "event_time": {"@id": "dpv:isIndicatedAtTime", **TIME},
    "validity_duration": "dct:valid",
    "entity_id": {"@id": "dpv:isIndicatedBy", **IRI},
    "event_type": "@type",
    "event_state": "@type",
    "medium": "dpv:hasIndicationMethod",
    "kind": "sekisho:kind",
    "operator": "sekisho:operator",
    "sha256_of_scan": "sekisho:sha256OfScan",
    "capacity": "sekisho:capacity",
    "key": "sekisho:key",
    "log": "sekisho:log",
    "origin": "sekisho:origin",
    "index": "sekisho:index",
    "at": {"@id": "dct:date", **TIME},
    "size": "sekisho:size",
    "cosigned_at": {"@id": "sekisho:cosignedAt", **TIME},
    "cosigned_by": "sekisho:cosignedBy",
    "fragments_deleted": "sekisho:fragmentsDeleted",
    "explanation": {"@id": "dct:description", **LANGUAGES},
    "proof": {"@id": "sekisho:proof", "@type": "@json"},
}

DATA: Final[Mapping[str, str]] = {
    Category.SUMMARY: "pd:HealthRecord",
    Category.MEDICATION: "pd:Prescription",
    Category.CHECKUP: "pd:Health",
    Category.LABORATORY: "pd:MedicalHealth",
    Category.IMAGING: "pd:MedicalHealth",
    Category.ENCOUNTER: "pd:HealthHistory",
    Category.MATERNAL: "pd:HealthHistory",
    Category.SENSITIVE: "pd:MedicalHealth",
    BasicItem.NAME: "pd:Name",
    BasicItem.ADDRESS: "pd:PhysicalAddress",
    BasicItem.SEX: "pd:Gender",
    BasicItem.BIRTH_DATE: "pd:BirthDate",
}
"""The nearest term for each kind of data; `pii_attribute_id` beside it has ours, which is exact."""

STATUS: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.DENIED_BY_PERSON: "dpv:ConsentRefused",
    RefusalCode.WITHDRAWN: "dpv:ConsentWithdrawn",
    RefusalCode.WITHDRAWN_IN_FLIGHT: "dpv:ConsentWithdrawn",
    RefusalCode.EXPIRED: "dpv:ConsentExpired",
}
"""What a refused request says of consent; any other refusal says that there was none to rely on."""
NO_CONSENT: Final = "dpv:ConsentStatusInvalidForProcessing"

BODIES: Final[Mapping[Body, Word]] = {
    Body.IDENTITY: Word("ＩＤセンター", "ID centre"),
    Body.REGISTRY: Word("住民登録機関", "Resident registry"),
    Body.MEDICAL: Word("医療情報センター", "Medical information centre"),
    Body.PRODUCT_SAFETY: Word("製品安全センター", "Product safety centre"),
    Body.RESEARCH: Word("認定匿名加工機関", "Accredited anonymiser"),
    Body.OVERSIGHT: Word("監督機関", "Oversight body"),
    Body.PORTAL: Word("マイポータル", "My Portal"),
}
WITHDRAWING: Final = Word(
    "マイポータル、`sekisho withdraw`、または窓口で、理由を言わずにいつでも取り消せます。",
    "At any time and for no reason: in My Portal, with `sekisho withdraw`, or at a counter.",
)
RIGHTS: Final = (
    Word(
        "誰が何を利用したかの履歴を見て、証明として保存できます。",
        "See who used what, and keep it as evidence.",
    ),
    Word(
        "許可を取り消し、鍵の断片が消された証明を受け取れます。",
        "Take it back, and get proof that the key fragments are gone.",
    ),
    Word("監督機関に申し出て、調べてもらうことができます。", "Have the oversight body look into it."),
)
