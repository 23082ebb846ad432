"""Settings of the ID centre."""

from pydantic import Field

from services.contracts.identity.messages import Application
from services.contracts.identity.naming import ALWAYS_TAKEN, MOST_REFERENCES
from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the ID centre can be told besides what every body can."""

    token_seconds: int = Field(300, description="Lifetime of access tokens.", gt=0, le=300)
    passkey_origin: str = Field(
        "", description="Page whose passkeys count (https://host:port); empty: My Portal's in the register."
    )
    passkeys_at_most: int = Field(10, description="How many passkeys a person may have.", gt=0, le=100)
    token_status_seconds: int = Field(
        30, description="How long what is said about access tokens may be believed.", gt=0, le=300
    )
    token_key_lead_seconds: int = Field(
        10, description="How long a new key for access tokens is published before it signs.", ge=2, le=86_400
    )
    pseudonym_token_seconds: int = Field(60, description="Lifetime of pseudonym tokens.", gt=0, le=60)
    people_named_at_once: int = Field(
        500,
        description="How many people one request may have named to bodies.",
        ge=ALWAYS_TAKEN,
        le=MOST_REFERENCES,
    )
    challenge_seconds: int = Field(
        120, description="How long a card has to answer a challenge.", gt=0, le=600
    )
    authentication_pin_tries: int = Field(
        3, description="Wrong PINs in a row that lock a card's authentication application.", ge=1, le=10
    )
    signature_pin_tries: int = Field(
        5, description="Wrong PINs in a row that lock a card's signature application.", ge=1, le=10
    )
    sector_interval_seconds: float = Field(
        2.0, description="How often the change of a sector key is carried on.", gt=0
    )
    sector_grace_seconds: int = Field(
        600,
        description="How long after the change of a sector key bodies take names by the old one.",
        ge=360,  # person tokens last five minutes
    )
    account_consent_seconds: int = Field(
        600, description="How long a card's consent to open an account may be used.", gt=0, le=3600
    )
    operator_presentation_seconds: int = Field(
        7 * 86_400, description="How long an operator's presentation can be used for accreditation.", gt=0
    )
    card_days: int = Field(1825, description="How long a new card is valid, in days.", gt=0)
    undo_interval_seconds: float = Field(
        1.0, description="How often the medical centre is told of wrong links until it has answered.", gt=0
    )
    identity_checks_per_day: int = Field(
        100,
        description="How often an operator may have name and birth date checked in a day without the card's PIN.",
        gt=0,
    )
    suspension_window_seconds: int = Field(
        600, description="For how long tries of telephone codes are counted together.", gt=0
    )
    suspension_tries_of_one: int = Field(
        60, description="Telephone codes that one caller may try in that time.", gt=0
    )
    suspension_tries_of_all: int = Field(
        6000, description="Telephone codes that all callers together may try in that time.", gt=0
    )
    guardians_at_most: int = Field(
        4, description="How many guardians a person may have at a time.", ge=1, le=16
    )
    confirmation_days: int = Field(
        90,
        description="How long what a guardian permitted stands, once that guardian may not any more, unless it is "
        "confirmed; in days.",
        ge=1,
        le=366,
    )
    states_interval_seconds: float = Field(
        1.0, description="How often bodies are told who acts for whom, until they have answered.", gt=0
    )
    age_interval_seconds: float = Field(
        60.0,
        description="How often it is looked whether ages of minors are still to be asked for today.",
        gt=0,
    )
    ages_at_once: int = Field(200, description="Of how many the registry is asked in one such run.", gt=0)
    ocsp_seconds: int = Field(
        60, description="How long an answer about a card certificate may be kept by who asked.", gt=0, le=3600
    )

    def pin_tries(self, application: Application) -> int:
        """Return how many wrong PINs in a row lock an application."""
        if application is Application.AUTHENTICATION:
            return self.authentication_pin_tries
        return self.signature_pin_tries
