"""`sekisho`: run the story, start the bodies, and do by hand what the story does."""

from collections.abc import Mapping
from typing import Final

import click

from services.commands.later import LaterGroup, standing_for

COMMANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "running": {
        "demo": "Run the story through all seven bodies and check it.",
        "up": "Start all bodies and the emergency relay, and stay; Ctrl-C stops them.",
    },
    "auditing": {
        "verify": "Verify a saved evidence file or receipt offline, with nothing but keys that you trust.",
        "audit": (
            "Walk every body: rows against log, log against co-signed checkpoint and against what all "
            "bodies saw of it."
        ),
        "audit-reports": (
            "List auditors' signed reports, and where two of them found different things in one state "
            "of a log."
        ),
    },
    "wrong_fragments": {
        "wrong-fragments": (
            "List which bodies were shown to have handed out wrong fragments; each report is checked here."
        ),
    },
    "person": {
        "history": "Show who used what of yours; every entry is verified before it is shown.",
        "inbox": (
            "Show emergencies in which your records were opened, use that stood out, and recalls of "
            "what you own."
        ),
    },
    "permitting": {
        "grant": (
            "Permit an organisation to read records (--category, --years) or to confirm basic items (--item)."
        ),
        "refuse": "Forbid an organisation, or everybody, to read records or to confirm basic items.",
        "permissions": "Show what you have permitted and refused; the numbers are those for `withdraw`.",
        "withdraw": "Take back the permission with this number in `permissions`; in force when this returns.",
    },
    "simulating": {
        "simulate": (
            "Show who would gain or lose what if you granted, refused (--refuse) or withdrew "
            "(--withdraw); nothing is done."
        ),
    },
    "deciding": {
        "who-may-read": (
            "Ask the medical centre who may read which of your records, and why not; nothing is read."
        ),
    },
    "organisation": {
        "enrol": "At a municipality's counter: number, register entry, card and wallet for one person.",
        "link": (
            "Have a person's card presented here; prints how this organisation names the person from now on."
        ),
        "deposit": "Seal one person's records of a FHIR export and deposit them at the medical centre.",
        "open": "Read and open what the person permitted.",
        "trade-item": "As a maker: name a trade item as one's own.",
        "purchase": "As a retailer: register who owns an article from now on.",
        "recall": "As a maker: start a recall; owners are notified, the maker sees counts.",
        "progress": "As a maker: show how far a recall is.",
    },
    "asking_first": {
        "may-read": (
            "Ask whether records may be read, and why not; nothing is read, the person sees that it "
            "was asked."
        ),
    },
    "large_files": {
        "deposit-file": "Seal a file of any size in segments and deposit it at the medical centre.",
        "open-file": (
            "Read and open the large documents that the person permitted, each into a file of its own."
        ),
    },
    "lifelong": {
        "record-kinds": "List what a lifelong record is made of, and in which category each kind is sealed.",
        "add-measurement": (
            "Put a measurement of your own into your record, sealed and signed by your wallet."
        ),
        "deposit-own": "Put records that you bring along into your record, sealed and signed by your wallet.",
        "own-bundle": (
            "Take everything home as one FHIR Bundle, opened on this machine; large documents become "
            "files beside it."
        ),
        "erase-records": (
            "Have records of yours erased by destroying their keys; what was sealed together goes together."
        ),
    },
    "sectors": {
        "sector-keys": "As a supervisor of the oversight body: show how far changes of sector keys are.",
    },
    "numbers": {
        "number": "Show your personal number.",
        "change-number": "Change a personal number, no reason asked; all else stays as it is.",
    },
    "departures": {
        "change-resident": (
            "As a municipality: enter what changed of a resident, after a move for example; the former "
            "items are history."
        ),
        "depart": (
            "As a municipality: take a resident out of the register; the former items are kept five "
            "years, then erased."
        ),
        "enter-again": (
            "As a municipality: enter somebody in the resident register again who had departed, or was "
            "said to have died."
        ),
    },
    "bank": {
        "offer-account": (
            "As a bank: offer to open an account; the offer carries a challenge for the person's card."
        ),
        "agree-account": (
            "As a person: agree to a bank's offer, item by item; the card signs with its signature "
            "application."
        ),
        "open-account": (
            "As a bank: have the card checked, get the items agreed to, and keep a proof; called "
            "again, it goes on."
        ),
        "verify-confirmation": "Verify offline what a bank kept of an account (`open-account`).",
        "confirm": (
            "As a bank: ask whether what it knows is still right; only with the person's permission "
            "for this reason."
        ),
        "confirm-batch": (
            "As a bank: ask about many customers; CSV in (UTF-8 or CP932), CSV out, each row with its "
            "own outcome."
        ),
    },
    "look_ups": {
        "look-up": (
            "As an inquirer: look somebody up by number, by name and address, or by name and birth date."
        ),
        "look-up-batch": (
            "As an inquirer: look up each row of the CSV file ROWS and write it with the answer to RESULTS."
        ),
    },
    "reception": {
        "reception": (
            "At a clinic: read the card, make sure who is here, tell eligibility, ask for consent, "
            "link the patient number."
        ),
        "insure": "At a municipality's counter: enter that somebody is insured by the municipality.",
    },
    "look_up_watch": {
        "stops": "As a supervisor: list the operators whose cards are stopped because they asked too often.",
        "look-up-report": "As a supervisor or auditor: have the log of look-ups analysed.",
        "who-looked-me-up": "As a person: have it analysed who looked you up in the resident registry.",
        "erase-history": (
            "As a supervisor or auditor: erase the former items of residents that are due, now "
            "instead of within the hour."
        ),
        "erasure-proof": (
            "As a supervisor or auditor: search the registry for what must be gone; exit status 1 if "
            "anything is left."
        ),
    },
    "links": {
        "undo-link": "Cut a wrong link: what was deposited under it is set apart, and who read it is told.",
        "set-apart": "Show what was set apart of what the organisation deposited or read.",
        "links": "Show which organisations have linked a patient number to you.",
        "disown-link": "Cut a link of yours that you know nothing of; the id is that in `links`.",
    },
    "own_records": {
        "own-records": (
            "Fetch your own records, opened by your wallet on this machine; that you did is in your history."
        ),
    },
    "officials": {
        "renew-key": (
            "Propose another signing key of an organisation that writes; once approved, the same "
            "command puts it in place."
        ),
        "accredit-operator": "Propose another operator of an organisation.",
        "new-organisation": (
            "Make an organisation's keys and propose it; when it is approved, go on with receive-certificate."
        ),
        "receive-certificate": "Complete the credentials of an organisation that two officials entered.",
        "register": (
            "Show who is accredited, on what terms, with which sanctions and reports due: what "
            "everybody may read."
        ),
        "hand-in-report": "Hand in a report that the oversight body demanded.",
        "read-report": "Show a report that an organisation handed in.",
    },
    "cards": {
        "card-status": "Show where your card stands: state, end, tries left, hints.",
        "change-pin": "Change a PIN that you know; the card file is written anew.",
        "suspension-code": (
            "Get another code by which you stop a lost card on the telephone; write it down, apart "
            "from the card."
        ),
        "suspend-card": "Stop a lost card by its telephone code, at any hour, without signing in.",
        "resume-card": "As a registrar: let a card that was found again count again.",
        "revoke-card": "As a registrar: end a card for good.",
        "unlock-card": (
            "As a registrar, with the holder here: give a locked application its tries back, by the "
            "PIN of the other one."
        ),
        "renew-card": (
            "As a registrar, with the holder here: another key and PIN where the PIN for signing in "
            "is forgotten."
        ),
        "renew-signature": (
            "As a registrar, with the holder here: another key and PIN where the PIN for signing is "
            "forgotten."
        ),
        "recovery-code": (
            "Lay your wallet down in parts and get the code for paper, for the day card and device are lost."
        ),
        "reissue-card": (
            "As a registrar, with the person here: revoke the old card, issue another, recover the "
            "wallet, renew its keys."
        ),
        "attributes": (
            "Have the registry state your items about your signature certificate, and keep it sealed "
            "beside the card."
        ),
    },
    "policies": {
        "policies": (
            "Show who may do what, and the digest that two officials approve before this program is used."
        ),
    },
    "supervisors": {
        "new-operator": (
            "Make the card of another operator; it counts when an official has accredited it "
            "(accredit-operator)."
        ),
        "present-operator": (
            "With your own card: have the ID centre vouch that you are the human behind an operator's card."
        ),
        "propose": "Propose a privileged operation; it waits for another supervisor.",
        "proposals": "Show what your organisation proposed at a body, with the preview of each.",
        "approve": "Look at another supervisor's proposal and have it take effect.",
        "reject": "End a proposal without effect; one's own is withdrawn.",
    },
    "renewing": {
        "renew-wallet": (
            "Give your wallet new keys, as when somebody may know the old ones; broken off, give the "
            "command again."
        ),
    },
    "anonymise": {
        "suggest": "Draft a schema for a table: read it, correct it, then anonymise with it.",
        "anonymize": "Recode a table with the least loss so that it satisfies all models named.",
        "measure": "Tell how exposed the rows of a table are as it stands.",
    },
    "passkeys": {
        "passkeys": (
            "Show your passkeys, or remove one; My Portal adds them, with the device that is to hold one."
        ),
    },
    "checking": {
        "check": (
            "Tell which signs of what legal rules want removed are in a table, before or after it is "
            "anonymised."
        ),
    },
    "unattended": {
        "terminal-status": (
            "Without an operator's card: one's own accreditation, and every body's log; exit status 1 "
            "with any problem."
        ),
    },
    "fhir_face": {
        "fhir-gateway": "Serve FHIR R4 on this machine and stay; Ctrl-C stops it.",
    },
    "emergency": {
        "emergency": "Records in an emergency, when the person's card is not there.",
        "review": "Review of emergencies, and of use that stood out, by the oversight body.",
    },
    "relationships": {
        "relationships": (
            "Why your organisation has to do with people: what explains who reads their records."
        ),
        "watch": (
            "Choose how closely use of your records is watched: closely, if people might be curious "
            "about you."
        ),
    },
    "guardians": {
        "guardian": "Have guardians entered and ended, and look after a ward's wallet.",
        "as-guardian": (
            "Do something for a ward, with your own card: grant, refuse, withdraw, receipt, history, ..."
        ),
    },
    "unmasking": {
        "unmask": "Find out who acted in an entry of a history, by the oversight body.",
        "staff": "How your organisation's operators are shown to people.",
    },
    "receipts": {
        "receipt": (
            "Receipts that prove to anybody, offline, what you laid down, or that somebody was refused."
        ),
    },
}
"""The modules of `services.commands`, and of each of their commands the first sentence of its help, for lists."""


@click.group(
    cls=LaterGroup,
    commands=standing_for(COMMANDS, package="services.commands"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="sekisho")
def main() -> None:
    """A checkpoint for personal data: shared by permission, sealed end to end, provable by the person."""


if __name__ == "__main__":
    main()
