"""Making an embedded deployment: authority, TLS files, the bodies' keys, the oversight body's first officials.

In production officials do this once, at a ceremony; here it happens at the first start.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.register import (
    BodyEntry,
    Kind,
    Operator,
    Organisation,
    PolicyEdition,
    Role,
    Terminal,
)
from services.deployment.layout import DEFAULT_PORTS, HOST, IN_ORDER, DeploymentError, Layout, load
from services.gateway.credentials import Credentials, save
from services.gateway.supervisor import colleague
from services.kit.certificates import Authority, Usage, create_authority, issue, thumbprint, to_pem
from services.kit.clock import epoch_seconds, system_clock, system_randomness
from services.kit.context import log_origin, witness_name
from services.kit.keys import KeyFolder, pem, write_private
from services.kit.log.note import Cosigner, NoteSigner
from services.kit.permissions import policies

AUTHORITY_DAYS = 3650
BODY_DAYS = 825
OFFICIALS = OrganisationId("oversight-office")
SECOND_OFFICIAL = f"{OFFICIALS}-2"
WITNESSES = (Body.OVERSIGHT, Body.IDENTITY)


def open_deployment(
    folder: Path, *, host: str | None = None, ports: Mapping[Body, int] | None = None
) -> tuple[Layout, str]:
    """Return the deployment in `folder` with its register key, made first if the folder is new or empty.

    Raises: DeploymentError when the folder holds something else, was written by another version, or listens
    elsewhere than asked for.
    """
    if (folder / "deployment.json").exists():
        layout, register_key = load(folder)
        if (host or layout.host) != layout.host or (ports or layout.ports) != layout.ports:
            first = layout.ports[IN_ORDER[0]]
            raise DeploymentError(
                f"the deployment in {folder} listens on {layout.host} from port {first} on, which stands in its"
                " certificates; leave out --host and --base-port, or use another folder"
            )
        return layout, register_key
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DeploymentError(f"{folder} is there already and holds no deployment; name a new folder")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout = Layout(folder.resolve(), host or HOST, dict(ports or DEFAULT_PORTS))
    return layout, _make(layout)


def _make(layout: Layout) -> str:
    now = system_clock()
    oversight = KeyFolder(layout.body(Body.OVERSIGHT) / "keys")
    authority = create_authority(
        "Sekisho accreditation", days=AUTHORITY_DAYS, now=now, key=oversight.p256("accreditation")
    )
    certificate = to_pem(authority.certificate)
    write_private(layout.authority, certificate.encode())
    entries = [_make_body(layout, body, authority) for body in Body]
    register_key = base64url.encode(oversight.ed25519("signing").public_key().public_bytes_raw())
    officials = _officials(layout, authority, register_key)
    bootstrap = {"bodies": [each.model_dump(mode="json") for each in entries], **officials}
    write_private(layout.body(Body.OVERSIGHT) / "bootstrap.json", json.dumps(bootstrap, indent=1).encode())
    trust = {
        "logs": {each.log_origin: each.log_key for each in entries},
        "witnesses": {
            each.witness_key.partition("+")[0]: each.witness_key for each in entries if each.witness_key
        },
        "signing_keys": {each.body.value: each.signing_key for each in entries},
    }
    layout.trust.write_text(json.dumps(trust, indent=1) + "\n")
    layout.save(register_key)  # last: a folder without this file is not a deployment
    return register_key


def _make_body(layout: Layout, body: Body, authority: Authority) -> BodyEntry:
    keys = KeyFolder(layout.body(body) / "keys")
    tls = layout.body(body) / "tls"
    tls_key = generate_private_key(SECP256R1())
    certificate = issue(
        authority,
        tls_key.public_key(),
        common_name=f"Sekisho {body.value}",
        sans=[layout.host, "localhost", f"urn:sekisho:body:{body.value}"],
        usages=[Usage.SERVER, Usage.CLIENT],
        days=BODY_DAYS,
        now=system_clock(),
    )
    write_private(tls / "key.pem", pem(tls_key))
    write_private(tls / "certificate.pem", to_pem(certificate).encode())
    write_private(tls / "authority.pem", to_pem(authority.certificate).encode())
    witness = (
        Cosigner(witness_name(body), keys.ed25519("witness")).verifier.vkey() if body in WITNESSES else None
    )
    return BodyEntry(
        body=body,
        url=layout.url(body),
        certificate_thumbprint=thumbprint(certificate),
        signing_key=to_jwk(keys.ed25519("signing").public_key()),
        sealing_key=base64url.encode(keys.x25519("sealing").public_key().public_bytes_raw()),
        log_origin=log_origin(body),
        log_key=NoteSigner(log_origin(body), keys.ed25519("log")).verifier.vkey(),
        witness_key=witness,
    )


def _officials(layout: Layout, authority: Authority, register_key: str) -> dict[str, object]:
    now = system_clock()
    expires = epoch_seconds(now + timedelta(days=BODY_DAYS))
    terminal_key, card_key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    terminal, operator = TerminalId("oversight-desk"), OperatorId("first-official")
    certificate = issue(
        authority,
        terminal_key.public_key(),
        common_name=terminal,
        sans=[f"urn:sekisho:terminal:{terminal}"],
        usages=[Usage.CLIENT],
        days=BODY_DAYS,
        now=now,
    )
    credentials = Credentials(
        organisation=OFFICIALS,
        operator=operator,
        terminal=terminal,
        urls={body: layout.url(body) for body in Body},
        register_key=register_key,
        terminal_key=terminal_key,
        terminal_certificate=to_pem(certificate),
        authority=to_pem(authority.certificate),
        card_key=card_key,
    )
    save(credentials, layout.credentials / OFFICIALS)
    second = colleague(credentials, "second-official")
    save(second, layout.credentials / SECOND_OFFICIAL)
    office = Organisation(
        id=OFFICIALS, name="Oversight office", kind=Kind.OVERSIGHT, active=True, expires=expires
    )
    desk = Terminal(
        id=terminal,
        organisation=OFFICIALS,
        certificate_thumbprint=thumbprint(certificate),
        public_key=to_jwk(terminal_key.public_key()),
        active=True,
        expires=expires,
    )
    staff = [
        _official(credentials, [Role.ACCREDITOR, Role.AUDITOR, Role.SUPERVISOR], expires),
        _official(second, [Role.SUPERVISOR], expires),
    ]
    return {
        "organisations": [office.model_dump(mode="json")],
        "terminals": [desk.model_dump(mode="json")],
        "policies": [PolicyEdition(digest=policies().digest, note="founding", active=True).model_dump()],
        "operators": [each.model_dump(mode="json") for each in staff],
    }


def _official(credentials: Credentials, roles: list[Role], expires: int) -> Operator:
    """Return a made-up official: nobody presented a card for them, so the tag of the human is drawn by lot."""
    return Operator(
        id=credentials.operator,
        organisation=credentials.organisation,
        roles=roles,
        card_key=to_jwk(credentials.card_key.public_key()),
        active=True,
        expires=expires,
        person_tag=base64url.encode(system_randomness(32)),
    )
