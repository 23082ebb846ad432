"""Which routes are tried with names of others, and why all others that take a message or a name are not."""

from support.equal_identity import TRIALS as AT_IDENTITY
from support.equal_medical import TRIALS as AT_MEDICAL
from support.equal_others import AT_PRODUCT_SAFETY, AT_RESEARCH

from consent.vocabulary import Body

EVERY = "every body"
TRIED = {
    (body, *route.split(" "))
    for body, route in (
        *((trial.body, trial.route) for trial in AT_IDENTITY),
        *((trial.body, trial.route) for trial in AT_MEDICAL),
        *((trial.body, trial.route) for trial in AT_PRODUCT_SAFETY),
        *((trial.body, trial.route) for trial in AT_RESEARCH),
    )
}

REASONS: dict[str, list[tuple[Body | str, str]]] = {
    "published: it tells everybody the same": [
        (EVERY, "GET /tile/{path:path}"),
        (Body.IDENTITY, "POST /ocsp"),
        (Body.IDENTITY, "GET /ocsp/{request:path}"),
    ],
    "names nobody, or who is signed in": [
        (Body.IDENTITY, "POST /oauth/challenge"),
        (Body.IDENTITY, "POST /passkeys/options"),
        (Body.IDENTITY, "POST /passkeys"),
        (Body.IDENTITY, "POST /persons"),
        (Body.IDENTITY, "POST /cards/attribute-tokens"),
        (Body.IDENTITY, "POST /cards/suspension-codes"),
        (Body.IDENTITY, "PUT /subject"),
        (Body.IDENTITY, "POST /number"),
        (Body.IDENTITY, "POST /operator-presentations"),
        (Body.REGISTRY, "POST /look-up-reports"),
        (Body.REGISTRY, "POST /look-up-reports/own"),
        (Body.REGISTRY, "POST /history-erasures"),
        (Body.MEDICAL, "PUT /compartments"),
        (Body.MEDICAL, "POST /own-records"),
        (Body.MEDICAL, "PUT /staff"),
        (Body.MEDICAL, "PUT /watch"),
        (Body.OVERSIGHT, "POST /reports"),
        (Body.OVERSIGHT, "POST /audit-reports"),
        (Body.PRODUCT_SAFETY, "POST /gtins"),
        (Body.PRODUCT_SAFETY, "POST /products"),
        (Body.PRODUCT_SAFETY, "POST /recalls"),
        (Body.RESEARCH, "POST /jobs"),
        (Body.PORTAL, "POST /session"),
        (Body.PORTAL, "DELETE /session"),
        (EVERY, "PUT /wallet"),
        (EVERY, "PUT /wallet/successor"),
        (EVERY, "POST /wallet/renewals"),
        (EVERY, "PUT /recovery"),
        (EVERY, "POST /recovery/retirements"),
        (EVERY, "POST /recovery/releases"),
    ],
    "new ones are named as who sends them likes; that a random name is in use is said": [
        (EVERY, "POST /directives"),
        (Body.MEDICAL, "POST /uploads"),
        (Body.MEDICAL, "POST /deposits"),
        (Body.MEDICAL, "POST /own-deposits"),
    ],
    "a person is named by what the ID centre sealed (LN4: test_unknown_and_foreign_names)": [
        (Body.REGISTRY, "POST /residents"),
        (Body.REGISTRY, "PUT /residents"),
        (Body.REGISTRY, "POST /residents/departures"),
        (Body.REGISTRY, "POST /confirmations"),
        (Body.REGISTRY, "POST /disclosures"),
        (Body.REGISTRY, "POST /attribute-statements"),
        (Body.REGISTRY, "PUT /insurances"),
        (Body.REGISTRY, "POST /eligibilities"),
        (Body.MEDICAL, "POST /compartments/search"),
        (Body.MEDICAL, "POST /relationships"),
        (Body.MEDICAL, "POST /relationships/search"),
        (Body.OVERSIGHT, "POST /emergencies"),
        (Body.PRODUCT_SAFETY, "POST /purchases"),
    ],
    "shown with what only its owner has: a card's signature, an opening, two bodies' signatures": [
        (Body.IDENTITY, "POST /links"),
        (Body.IDENTITY, "POST /accounts"),
        (Body.IDENTITY, "POST /patient-links"),
        (Body.OVERSIGHT, "POST /unmaskings"),
        (Body.OVERSIGHT, "POST /wrong-fragments"),
    ],
    "tried elsewhere for the same (OL2)": [
        (Body.IDENTITY, "POST /cards/unlock"),  # test_unknown_and_foreign_names
        (Body.IDENTITY, "POST /cards/pin-changes"),
        (Body.IDENTITY, "POST /cards/suspensions"),
        (Body.IDENTITY, "POST /oauth/revoke"),  # RFC 7009: the same answer for every token
        (Body.IDENTITY, "POST /pseudonym-tokens/batch"),  # test_people_named_contract
        (Body.IDENTITY, "POST /number-look-ups"),  # test_look_up_attacks
        (Body.REGISTRY, "POST /look-ups"),
        (Body.REGISTRY, "POST /look-ups/batch"),
        (Body.MEDICAL, "POST /access/v1/evaluation"),  # test_authzen
        (Body.MEDICAL, "POST /access/v1/evaluations"),
        (Body.MEDICAL, "POST /access/v1/search/subject"),
        (Body.MEDICAL, "POST /access/v1/search/resource"),
        (Body.MEDICAL, "POST /access/v1/search/action"),
    ],
    "the same code as at the body where it is tried": [
        (EVERY, "POST /withdrawals"),
        (EVERY, "POST /simulations"),
        (EVERY, "POST /proposals"),
        (EVERY, "POST /proposals/{proposal}/approval"),
        (EVERY, "POST /proposals/{proposal}/rejection"),
        (EVERY, "POST /proposals/{proposal}/withdrawal"),
    ],
    "another body asks, and by the rule of the route it may know": [
        (EVERY, "POST /legal-states"),
        (EVERY, "POST /people/renewals"),
        (EVERY, "POST /releases"),
        (EVERY, "POST /witness/add-checkpoint"),
        (Body.REGISTRY, "POST /presence"),
        (Body.REGISTRY, "POST /comparisons"),
        (Body.REGISTRY, "POST /matches"),
        (Body.MEDICAL, "POST /links/set-apart"),
        (Body.OVERSIGHT, "PUT /use-cases/{case}"),
        (Body.OVERSIGHT, "POST /use-cases/outcomes"),
    ],
    "officials of the oversight body, or relays: all that there are are theirs": [
        (Body.OVERSIGHT, "GET /reports/{organisation}/{report}"),
        (Body.OVERSIGHT, "GET /audit-reports/{report}"),
        (Body.OVERSIGHT, "POST /emergency-reviews/{case}"),
        (Body.OVERSIGHT, "POST /emergencies/{case}/relayed"),
        (Body.OVERSIGHT, "POST /use-reviews/{case}"),
    ],
}
"""Why a route is in no trial."""

RELAY = "/relay/"
"""What the portal passes on as it is, so that the route behind it is what counts."""


def takes_a_name(method: str, path: str) -> bool:
    """Tell whether a route can be asked about something that is named: in its path or in a message."""
    return "{" in path or method not in {"GET", "HEAD", "OPTIONS"}


def behind(body: Body, path: str) -> tuple[Body, str]:
    """Return the route that answers: behind the portal's relay, the body's own."""
    if body is not Body.PORTAL or not path.startswith(RELAY):
        return body, path
    named, _, rest = path.removeprefix(RELAY).partition("/")
    return Body(named), f"/{rest}"


def reasoned() -> set[tuple[Body | str, str, str]]:
    """Return the exceptions as body, method and path."""
    return {(body, *route.split(" ")) for routes in REASONS.values() for body, route in routes}  # type: ignore[misc]  # two parts each
