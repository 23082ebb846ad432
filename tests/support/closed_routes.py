"""A message of the right form for every closed route that takes one, and somebody who may send it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, JsonValue
from support.raw_requests import Caller, Callers

from consent import base64url
from consent.vocabulary import Body
from services.contracts import directives as d
from services.contracts import guardianship as gs
from services.contracts import proposals as q
from services.contracts import recovery as v
from services.contracts import succession as su
from services.contracts.identity import accounts
from services.contracts.identity import card_messages as c
from services.contracts.identity import guardianships as gi
from services.contracts.identity import messages as i
from services.contracts.identity import passkey_messages as pk
from services.contracts.identity import presenting as w
from services.contracts.identity.naming import RequestPeopleNamed
from services.contracts.identity.numbers import LookUpNumbers
from services.contracts.medical import authzen as az
from services.contracts.medical import headers as h
from services.contracts.medical import messages as m
from services.contracts.medical import relationships as rs
from services.contracts.medical import streams as ms
from services.contracts.medical.erasing import EraseRecords
from services.contracts.oversight import audit_reports as ar
from services.contracts.oversight import emergencies as em
from services.contracts.oversight import messages as o
from services.contracts.oversight import unmasking as un
from services.contracts.oversight import use_cases as uc
from services.contracts.oversight import wrong_fragments as wf
from services.contracts.product_safety import messages as p
from services.contracts.registry import disclosures
from services.contracts.registry import look_ups as lu
from services.contracts.registry import messages as r
from services.contracts.registry.analysis import AskReport
from services.contracts.registry.attributes import StateAttributes
from services.contracts.registry.supervision import EraseHistory
from services.contracts.research import messages as a
from services.contracts.shared import RenewNames
from services.contracts.simulating import Simulate
from services.kit.log.evidence import FORMAT

Example = dict[str, JsonValue]
Who = Callable[[Callers], Caller]
Row = tuple[str, Who, type[BaseModel], Example]


@dataclass(frozen=True)
class Target:
    """One closed route with somebody who may call it and a message of the right form."""

    body: Body
    method: str
    path: str
    who: Who = field(repr=False)
    kind: type[BaseModel] = field(repr=False)
    example: Example = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.body.value}{self.path}"


def operator(name: str) -> Who:
    """Return an organisation's operator."""
    return lambda callers: callers.organisation(name)


def as_body(body: Body) -> Who:
    """Return another body."""
    return lambda callers: callers.body(body)


def person(callers: Callers) -> Caller:
    """Return a person."""
    return callers.person()


CITY, HOSPITAL, BANK = operator("municipality"), operator("hospital-a"), operator("bank")
CLINIC, MAKER, SHOP = operator("clinic-b"), operator("maker"), operator("retailer")
OFFICE, UNIVERSITY = operator("oversight-office"), operator("university")
ACCUSATION: Example = {"evidence": {"kind": "not_released", "signed": "s", "second": "t"}}
RELAY = operator("emergency-relay")

REFERENCE = base64url.encode(bytes(32))
CARD = base64url.encode(bytes(16))
GTIN = "04006381333931"
LATER = 4_000_000_000
KEY: Example = {"kty": "EC"}
APPLICATION: Example = {"public_key": KEY, "pin_verifier": REFERENCE}
BOTH: Example = {"authentication": APPLICATION, "signature": APPLICATION}
ITEMS: Example = {"name": "n", "address": "a", "sex": "other", "birth_date": "1990-01-01"}
SEALED: Example = {"nonce": "AAAA", "ciphertext": "AAAA", "signature": "AAAA"}
NAMED: Example = {"id": "d", "version": 1, "media_type": "text/plain"}
DOCUMENT: Example = NAMED | SEALED
LABEL = "medication/2026/1"
BUNDLE: Example = {"id": "b", "compartment": LABEL, "message_kit": "AAAA", "documents": [DOCUMENT]}
OWN_SEGMENT: Example = {"document": "d", "version": 1, "number": 0}
PLACE: Example = {"category": "medication", "year": 2026}
PUBLISHED: Example = {"RecallNumber": "1", "RecallDate": "2026-01-01", "Title": "t", "Description": "d"}
LISTS: Example = {"Products": [{"Name": "p"}], "Hazards": [{"Name": "h"}], "Remedies": [{"Name": "r"}]}
RECALL: Example = PUBLISHED | LISTS | {"URL": "https://example.org/r"}
COLUMN: Example = {"name": "born", "from": "birth_year", "role": "quasi"}
YEARS: Example = {"first": 2020, "last": 2024}
TABLE: Example = {"columns": [COLUMN], "k": 5, "categories": ["summary"], "years": YEARS}
POSITION: Example = {"origin": "o", "old_size": 0, "index": 0, "leaf": "AAAA"}
LOG: Example = POSITION | {"consistency": [], "checkpoint": "c", "inclusion": []}
CAPSULE: Example = {"bundle": "b", "compartment": "c", "capsule": "AAAA"}
KEYS: Example = {"delegating_key": "AAAA", "verifying_key": "AAAA", "receiving_key": "AAAA"}
FRAGMENT: Example = KEYS | {"compartment": LABEL, "kfrag": "AAAA"}
COPY: Example = {"directive": "x", "fragments": [FRAGMENT], "handles": {}, "reader_notice": None}
SHOWN: Example = {"statement": "s", "subject_token": None, "handle": "AAAA"}
CHANGE: Example = {"kind": "organisation", "id": "nobody"}
PROPOSED: Example = {"kind": "suspend", "parameters": CHANGE, "reason": "r"}
REGISTER: Example = {"token": "x", "items": ITEMS}
ASKED: Example = {"token": "x", "items": {"name": "n"}, "contract": "c", "reason": "periodic_check"}
LISTED: Example = {"task": "resident_record", "case": "c"}
ONE_NUMBER: Example = {"numbers": ["123456789018"]}
NUMBERED: Example = ONE_NUMBER | LISTED
SOUGHT: Example = {"name": {"text": "n", "match": "full"}, "birth_date": "1990-01-01"}
ONE_SOUGHT: Example = {"query": SOUGHT}
SOME_SOUGHT: Example = {"queries": [SOUGHT], "batch": "b"}
BOUGHT: Example = {"token": "x", "gtin": GTIN, "serial": "1", "purchased_at": 1, "disclosure": False}
WHO: Example = {"name": "n", "birth_date": "1990-01-01"}
INSURED: Example = {"insurer_number": "13800001", "symbol": "s", "number": "1"}
MEMBERSHIP: Example = INSURED | {"valid_from": "2020-04-01", "valid_until": "2099-03-31"}
FAULT: Example = {"fault": "wrong_number"}
AT_A: Example = {"organisation": "hospital-a"}
FLAGGED: Example = {"organisation": "hospital-a", "operator": "o", "rules": {"night": 1}}
USE_CASE: Example = FLAGGED | {"accesses": 1, "people": 1, "first": 1, "last": 2}
HEADER: Example = {"bundle": "b", "compartment": LABEL, "message_kit": "AAAA"}

ASKER: Example = {"type": "operator", "id": "o", "properties": {"organisation": "clinic-b"}}
ASKED_OF: Example = {"type": "records", "id": "medication", "properties": {"years": YEARS, "person": "x"}}
TO_READ: Example = {"name": "read", "properties": {"purpose": "TREAT"}}
MAY: Example = {"subject": ASKER, "action": TO_READ, "resource": ASKED_OF}
SOUGHT_FOR: Example = {"subject": ASKER, "resource": ASKED_OF}
BATCH: Example = {"evaluations": [], "options": {}}
PAGED: Example = {"page": {"token": "", "limit": 5}}
AUTHZEN: list[Row] = [
    ("POST /access/v1/evaluation", CLINIC, az.Evaluation, MAY),
    ("POST /access/v1/evaluations", CLINIC, az.Evaluations, MAY | BATCH),
    ("POST /access/v1/search/subject", CLINIC, az.SubjectSearch, MAY | PAGED),
    ("POST /access/v1/search/resource", CLINIC, az.ResourceSearch, MAY | PAGED),
    (
        "POST /access/v1/search/action",
        CLINIC,
        az.ActionSearch,
        SOUGHT_FOR | PAGED,
    ),
]
SIMULATION: Row = ("POST /simulations", person, Simulate, {"withdraw": "x"})
RECOVERY: list[Row] = [
    ("PUT /recovery", person, v.DepositPart, {"deposit": "x"}),
    ("POST /recovery/retirements", person, v.RetireParts, {"retirement": "x"}),
    (
        "POST /recovery/releases",
        person,
        v.ReleaseParts,
        {"recovery_key": REFERENCE, "confirmations": ["x"], "paper_proof": REFERENCE},
    ),
]
ENDED: Example = {
    "reference": REFERENCE,
    "guardianship": "nobodys",
    "evidence": "court_decision",
    "document": "0" * 64,
}
NOBODYS_STATE: Example = {"person": "nobody", "number": 1, "state": "of_age", "guardians": []}
DIRECTIVES: list[Row] = [
    ("PUT /wallet", person, d.WalletRegistration, {"signing_key": KEY, "proof": "x"}),
    ("POST /directives", person, d.DirectiveSubmission, COPY),
    ("POST /withdrawals", person, d.WithdrawalOrder, {"withdrawal": "x"}),
    ("PUT /wallet/successor", person, su.AnnounceSuccessor, {"succession": "x"}),
    ("POST /wallet/renewals", person, su.RenewWallet, {"renewal": "x"}),
    ("POST /legal-states", as_body(Body.IDENTITY), gs.TellStates, {"states": [NOBODYS_STATE]}),
]
RELEASE = SHOWN | {"log": LOG, "capsules": [CAPSULE]}
RELEASES: Row = ("POST /releases", as_body(Body.MEDICAL), d.ReleaseRequest, RELEASE)

SUPERVISOR = operator("municipality-2")


def proposals(who: Who) -> list[Row]:
    """Return the routes of dual control, called by a supervisor."""
    end: Example = {"reason": "r"}
    return [
        ("POST /proposals", who, q.Propose, PROPOSED),
        ("POST /proposals/unknown/approval", who, q.Approve, {"digest": REFERENCE}),
        ("POST /proposals/unknown/rejection", who, q.EndProposal, end),
        ("POST /proposals/unknown/withdrawal", who, q.EndProposal, end),
    ]


ROWS: dict[Body, list[Row]] = {
    Body.IDENTITY: [
        ("POST /persons", CITY, i.EnrolPerson, {}),
        ("POST /cards", CITY, i.IssueCard, {"reference": REFERENCE, "applications": BOTH}),
        (
            "POST /cards/changes",
            CITY,
            i.ChangeCard,
            {"reference": REFERENCE, "card": CARD, "change": "suspend", "reason": "r"},
        ),
        (
            "POST /cards/unlockings",
            CITY,
            c.UnlockApplication,
            {"reference": REFERENCE, "card": CARD, "application": "signature", "presence": "x"},
        ),
        (
            "POST /cards/renewals",
            CITY,
            c.RenewApplication,
            {
                "reference": REFERENCE,
                "card": CARD,
                "application": "signature",
                "presence": "x",
                "new": APPLICATION,
            },
        ),
        ("POST /cards/standings", CITY, c.LookUpCard, {"reference": REFERENCE}),
        ("POST /cards/suspension-codes", person, c.MakeSuspensionCode, {}),
        ("POST /cards/attribute-tokens", person, c.AskAttributeToken, {}),
        ("POST /passkeys/options", person, pk.AskPasskeyOptions, {"name": "phone"}),
        ("POST /passkeys", person, pk.AddPasskey, {"name": "phone", "challenge": "x", "credential": {}}),
        ("POST /passkeys/removals", person, pk.RemovePasskey, {"id": "AAAA"}),
        ("POST /links", HOSPITAL, i.PresentCard, {"presentation": "x"}),
        (
            "POST /pseudonym-tokens",
            HOSPITAL,
            i.RequestPseudonymTokens,
            {"reference": REFERENCE, "bodies": ["medical"]},
        ),
        (
            "POST /pseudonym-tokens/batch",
            HOSPITAL,
            RequestPeopleNamed,
            {"references": [REFERENCE], "bodies": ["medical"]},
        ),
        ("POST /accounts", BANK, accounts.OpenAccount, {"consent": "AAAA"}),
        ("POST /number-look-ups", CITY, LookUpNumbers, NUMBERED),
        ("PUT /subject", person, i.RegisterSubject, {"wallet_key": KEY, "proof": "x"}),
        ("POST /number", person, i.ChangeOwnNumber, {}),
        ("POST /numbers/changes", CITY, i.ChangeNumber, {"reference": REFERENCE}),
        ("POST /wards", CITY, gi.AskWard, {"reference": REFERENCE}),
        ("POST /guardianships/ends", CITY, gi.EndGuardianship, ENDED),
        ("POST /patient-links", CLINIC, i.LinkPatient, WHO | {"patient_number": "7", "confirmation": "x"}),
        ("POST /patient-links/undo", CLINIC, i.UndoLink, FAULT | {"patient_number": "7"}),
        ("POST /patient-links/disown", person, i.DisownLink, FAULT | {"link": CARD}),
        (
            "POST /operator-presentations",
            person,
            w.PresentOperator,
            {"organisation": "nobody", "card_key": KEY},
        ),
        *proposals(SUPERVISOR),
        *DIRECTIVES,
        *RECOVERY,
        RELEASES,
    ],
    Body.REGISTRY: [
        ("POST /residents", CITY, r.RegisterResident, REGISTER),
        ("PUT /residents", CITY, r.RegisterResident, REGISTER),
        ("POST /residents/departures", CITY, r.Depart, {"token": "x", "reason": "died"}),
        SIMULATION,
        ("POST /attribute-statements", person, StateAttributes, {"certificate": "ab", "token": "x"}),
        ("POST /confirmations", BANK, r.Confirm, ASKED | {"purpose": "IdentityVerification"}),
        ("POST /disclosures", BANK, disclosures.Disclose, {"token": "x", "disclosure": "AAAA"}),
        ("POST /presence", as_body(Body.IDENTITY), r.AskPresence, {"token": "x"}),
        ("POST /comparisons", as_body(Body.IDENTITY), r.CompareIdentity, AT_A | WHO | {"token": "x"}),
        ("POST /matches", as_body(Body.IDENTITY), r.MatchIdentity, AT_A | WHO),
        ("PUT /insurances", CITY, r.RegisterMembership, {"token": "x", "membership": MEMBERSHIP}),
        ("POST /eligibilities", CLINIC, r.AskEligibility, {"token": "x"}),
        ("POST /look-ups", CITY, lu.LookUp, ONE_SOUGHT | LISTED),
        ("POST /look-up-reports", SUPERVISOR, AskReport, {"days": 30}),
        ("POST /history-erasures", SUPERVISOR, EraseHistory, {}),
        ("POST /look-up-reports/own", person, AskReport, {"days": 30}),
        ("POST /look-ups/batch", CITY, lu.LookUpBatch, SOME_SOUGHT | LISTED),
        *proposals(SUPERVISOR),
        *DIRECTIVES,
    ],
    Body.MEDICAL: [
        ("PUT /compartments", person, m.Publication, {"publication": "x"}),
        (
            "POST /compartments/search",
            HOSPITAL,
            m.CompartmentSearch,
            {"token": "x", "compartments": [PLACE]},
        ),
        ("POST /erasures", person, EraseRecords, {"order": "x"}),
        (
            "POST /relationships",
            HOSPITAL,
            rs.RegisterRelationship,
            {"token": "x", "kind": "appointment", "operators": ["o"], "start": 1, "end": 2},
        ),
        ("POST /relationships/search", HOSPITAL, rs.FindRelationships, {"token": "x"}),
        ("POST /relationships/unknown/end", HOSPITAL, rs.EndRelationship, {}),
        ("PUT /staff", HOSPITAL, rs.DescribeStaff, {"members": [{"operator": "o", "teams": []}]}),
        ("PUT /watch", person, rs.Watched, {"choice": "usual"}),
        ("POST /own-deposits", person, m.OwnDeposit, {"bundles": [BUNDLE]}),
        ("POST /own-records/segments", person, m.AskOwnSegment, OWN_SEGMENT),
        ("POST /uploads", HOSPITAL, ms.BeginUpload, {"size": 16}),
        ("POST /uploads/unknown/completion", HOSPITAL, ms.CompleteUpload, {"digest": "AAAA"}),
        ("POST /streams/segments", CLINIC, ms.AskSegment, {"ticket": "x", "number": 0}),
        ("POST /deposits", HOSPITAL, m.DepositRequest, {"token": "x", "bundles": [BUNDLE]}),
        (
            "POST /links/set-apart",
            as_body(Body.IDENTITY),
            m.SetApart,
            AT_A | {"token": "x", "fault": "wrong_number"},
        ),
        *AUTHZEN,
        SIMULATION,
        ("POST /own-records", person, m.OwnRecordsRequest, {"start": 0}),
        ("PUT /headers", person, h.StageHeaders, {"statement": "x", "headers": [HEADER]}),
        ("POST /reads", CLINIC, m.ReadRequest, {"statement": "x", "tokens": {"medical": "x"}}),
        *DIRECTIVES,
        *RECOVERY,
    ],
    Body.PRODUCT_SAFETY: [
        ("POST /gtins", MAKER, p.TradeItemRequest, {"gtin": GTIN, "name": "n"}),
        (
            "POST /products",
            SHOP,
            p.ProductRequest,
            {"gtin": GTIN, "serial": "1", "name": "n", "lot": "L"},
        ),
        ("POST /purchases", SHOP, p.PurchaseRequest, BOUGHT),
        (
            "POST /recalls",
            MAKER,
            p.RecallRequest,
            {"recall": RECALL, "gtin": GTIN, "serials": {"first": "1", "last": "2"}},
        ),
        ("POST /inbox/read", person, p.ReadRequest, {"notice": "unknown"}),
    ],
    Body.RESEARCH: [
        ("POST /jobs", UNIVERSITY, a.JobRequest, {"purpose": "HRESCH", "table": TABLE}),
    ],
    Body.OVERSIGHT: [
        *proposals(OFFICE),
        ("POST /reports", HOSPITAL, o.HandInReport, {"report": "r", "text": "t"}),
        ("POST /emergencies", HOSPITAL, em.DeclareEmergency, {"request": "r", "patient": "p"}),
        (
            "POST /emergencies/unknown/second",
            HOSPITAL,
            em.SecondEmergency,
            {"second": "s", "patient": "p", "details": "ZA"},
        ),
        ("POST /emergencies/unknown/relayed", RELAY, em.RelayedAnswer, {"refused": "no_permission"}),
        (
            "POST /emergency-reviews/unknown",
            OFFICE,
            em.DecideReview,
            {"outcome": "justified", "comment": "looked into it"},
        ),
        ("PUT /use-cases/unknown", as_body(Body.MEDICAL), uc.OpenUseCase, USE_CASE),
        ("POST /use-cases/outcomes", as_body(Body.MEDICAL), uc.AskOutcomes, {"cases": [CARD]}),
        (
            "POST /use-reviews/unknown",
            OFFICE,
            uc.DecideUse,
            {"outcome": "justified", "comment": "looked into it"},
        ),
        (
            "POST /unmaskings",
            person,
            un.AskUnmasking,
            {
                "evidence": {"format": FORMAT, "checkpoints": [], "entries": []},
                "why": "I do not know anybody there",
            },
        ),
        *DIRECTIVES,
        *RECOVERY,
        RELEASES,
        ("POST /audit-reports", OFFICE, ar.HandInAudit, {"report": "r"}),
        ("POST /wrong-fragments", CLINIC, wf.ReportWrong, {"shown": ACCUSATION, "person": "p"}),
    ],
}

RENEWALS: Row = (
    "POST /people/renewals",
    as_body(Body.IDENTITY),
    RenewNames,
    {"version": 999_999_999, "step": "complete", "renewals": []},
)

TARGETS: dict[Body, list[Target]] = {
    body: [
        Target(body, route.partition(" ")[0], route.partition(" ")[2], who, kind, example)
        for route, who, kind, example in [*rows, RENEWALS]
    ]
    for body, rows in ROWS.items()
}
