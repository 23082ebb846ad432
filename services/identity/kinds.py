"""What the ID centre does under dual control; docs/dual-control.md says how a kind is made."""

from functools import partial

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.identity.guardianships import CorrectingDeath, EnteringDeath, EnteringGuardianship
from services.contracts.identity.sectors import ChangeSectorKey, ChangeTokenKey, TellNamesAgain
from services.contracts.oversight.register import Kind as Sector
from services.identity import sector_store
from services.identity.centre import IdentityCentre
from services.identity.errors import IdentityError, NoSectorError, SectorBusyError, TokenKeyBusyError
from services.identity.workflows import (
    death_corrections,
    guardian_offers,
    guarding,
    names_again,
    sectors,
    token_keys,
)
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval

OFFICIALS = frozenset({Sector.OVERSIGHT.value})
TOWN_HALL = frozenset({Sector.MUNICIPALITY.value})


def identity_kinds(centre: IdentityCentre) -> list[AnyKind]:
    """Return everything that two officials of the oversight body, or two of a municipality, do together here."""
    return [
        _change_sector_key(centre),
        _tell_names_again(centre),
        _change_token_key(centre),
        _register_guardianship(centre),
        _register_death(centre),
        _correct_death(centre),
    ]


def _change_sector_key(centre: IdentityCentre) -> AnyKind:
    """LN5: another key by which a body is named people."""

    def preview(conn: Connection, asked: ChangeSectorKey) -> Shown:
        if asked.body is Body.PORTAL:
            raise NoSectorError("My Portal keeps nothing about people; it needs no other key")
        found = sector_store.sector_of(conn, asked.body)
        if not found.steady:
            raise SectorBusyError("this sector's key is being changed; wait until that has ended")
        return {"body": asked.body.value, "key": found.version, "next_key": found.version + 1}

    def effect(conn: Connection, asked: ChangeSectorKey, _approval: Approval) -> Shown:
        begun = sectors.begin(centre, conn, asked.body)
        return {"people": sector_store.count_waiting(conn, begun.body)}

    return Kind(
        name="change-sector-key",
        asked=ChangeSectorKey,
        sectors=OFFICIALS,
        preview=preview,
        effect=effect,
        refusals=(IdentityError,),
    )


def _tell_names_again(centre: IdentityCentre) -> AnyKind:
    """R23, LD7: a body was restored from before a change of its key."""

    def preview(conn: Connection, asked: TellNamesAgain) -> Shown:
        found = sector_store.sector_of(conn, asked.body)
        names_again.require_names_to_tell(found)
        return {"body": asked.body.value, "key": found.version, "gives_up_key": found.coming}

    def effect(conn: Connection, asked: TellNamesAgain, _approval: Approval) -> Shown:
        begun = names_again.begin(centre, conn, asked.body)
        return {"people": sector_store.count_waiting(conn, begun.body)}

    return Kind(
        name="tell-names-again",
        asked=TellNamesAgain,
        sectors=OFFICIALS,
        preview=preview,
        effect=effect,
        refusals=(IdentityError,),
    )


def _change_token_key(centre: IdentityCentre) -> AnyKind:
    """OP4: another key signs access tokens."""

    def preview(conn: Connection, _asked: ChangeTokenKey) -> Shown:
        newest = centre.token_keys.newest(conn)
        if newest.starts > centre.seconds():
            raise TokenKeyBusyError(f"key {newest.number} is about to take over")
        return {"key": newest.number, "next_key": newest.number + 1}

    def effect(conn: Connection, _asked: ChangeTokenKey, _approval: Approval) -> Shown:
        planned = token_keys.change_key(centre.context, conn, centre.token_keys)
        return {"key": planned.number, "signs_from": planned.starts}

    return Kind(
        name="rotate-token-key",
        asked=ChangeTokenKey,
        sectors=OFFICIALS,
        preview=preview,
        effect=effect,
        refusals=(IdentityError,),
    )


def _register_guardianship(centre: IdentityCentre) -> AnyKind:
    """SC4, H2: somebody acts for somebody from now on."""
    return Kind(
        name="register-guardianship",
        asked=EnteringGuardianship,
        sectors=TOWN_HALL,
        preview=partial(guardian_offers.preview_guardianship, centre),
        effect=partial(guarding.register, centre),
        person=lambda _conn, asked: Pseudonym(asked.ward),
        settle=partial(guardian_offers.settle_guardianship, centre),
        refusals=(IdentityError,),
    )


def _register_death(centre: IdentityCentre) -> AnyKind:
    """SC4: somebody has died; what was laid down for care ends with it."""
    return Kind(
        name="register-death",
        asked=EnteringDeath,
        sectors=TOWN_HALL,
        preview=partial(guardian_offers.preview_death, centre),
        effect=partial(guarding.register_death, centre),
        person=lambda _conn, asked: Pseudonym(asked.person),
        settle=partial(guardian_offers.settle_death, centre),
        refusals=(IdentityError,),
    )


def _correct_death(centre: IdentityCentre) -> AnyKind:
    """SC4, H6: somebody lives whose death was entered."""

    def person(_conn: Connection, asked: CorrectingDeath) -> Pseudonym:
        return Pseudonym(asked.person)

    return Kind(
        name="correct-death",
        asked=CorrectingDeath,
        sectors=TOWN_HALL,
        preview=partial(death_corrections.preview_correction, centre),
        effect=partial(death_corrections.correct, centre),
        person=person,
        settle=partial(death_corrections.settle_correction, centre),
        refusals=(IdentityError,),
    )
