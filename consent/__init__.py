"""Consent: the pure library of permissions, sealing and delegation. No web, no SQL, no network, no clock.

Words          identifiers, vocabulary, compartments (category/year/version, spans of years)
Laying down    terms, directives (one signed copy per body), withdrawals, handles, notices (for the reader)
Deciding       decision (one pure function), explanations (closed codes, two languages), lifecycle
Records        sealing (writer and reader), publication (compartment keys), delegation (fragments, 2 of 3)
The person     wallet (one seed, all keys), pin (software card), personal_number
The reader     statements (signed with the operator's card)
Signed texts   jws over canonical JSON, jwk, base64url, instants, wire (strict reading)
Beneath        errors, randomness (handed in), umbral_bytes (strict reading of keys and fragments)

Numbered steps of docs/protocol.md stand at the code: D deposit, P permit, R read, W withdraw.
Whatever is named `Unverified…` must pass its `verify` before use; `Verified…` comes from there only.
"""
