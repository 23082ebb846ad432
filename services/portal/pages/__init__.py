"""The page: one template, a style sheet, an icon, modules for the browser, and its words in both languages."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from consent.explanations import RefusalCode, explain
from consent.guardians import CAPACITIES, STATES

FOLDER: Final = Path(__file__).parent
LANGUAGES: Final = ("ja", "en")
MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
ASSETS: Final = ("umbral.js", "umbral.wasm")
"""What set-up gets from npm; the page does without where it could not (`services.portal.browser_assets`)."""
STATIC: Final = tuple(
    sorted({file.name for file in FOLDER.iterdir() if file.suffix in MEDIA_TYPES} - set(ASSETS))
)
HOME_PATH: Final = "/"
WORDS_PATH: Final = "/words.json"
CONFIG_PATH: Final = "/config.json"
PAGE_PATHS: Final = frozenset(
    {HOME_PATH, WORDS_PATH, CONFIG_PATH, *(f"/{name}" for name in (*STATIC, *ASSETS))}
)

Words = Mapping[str, Mapping[str, str]]
"""One language: groups of texts, each under a key."""


def word_files(language: str) -> list[Path]:
    """Return the files of one language: the page's own, and one for each part of it."""
    return [FOLDER / f"{language}.json", *sorted(FOLDER.glob(f"*.{language}.json"))]


def load_words() -> dict[str, Words]:
    """Return all texts by language; reasons of refusals are those of `consent.explanations`, capacities
    and states of wards those of `consent.guardians`.
    """
    return {language: _words(language) for language in LANGUAGES}


def choose_language(asked: str | None, accepted: str) -> str:
    """Return the language asked for, else the first of the browser's that there is, else Japanese."""
    wanted = [asked or "", *(each.partition(";")[0].strip().lower() for each in accepted.split(","))]
    known = (each.partition("-")[0] for each in wanted)
    return next((each for each in known if each in LANGUAGES), LANGUAGES[0])


def texts_of_page(told: Words) -> dict[str, str]:
    """Return the texts that the template names: the page's own by their keys, others as `group.key`."""
    grouped = {f"{group}.{key}": text for group, texts in told.items() for key, text in texts.items()}
    return {**grouped, **told["page"]}


def _words(language: str) -> Words:
    told: dict[str, dict[str, str]] = {}
    for file in word_files(language):
        for group, texts in json.loads(file.read_text(encoding="utf-8")).items():
            told.setdefault(group, {}).update(texts)
    reasons = {code.value: getattr(explain(code), language) for code in RefusalCode}
    of_guardians = {
        "capacities": {each.value: getattr(said, language) for each, said in CAPACITIES.items()},
        "legal_states": {each.value: getattr(said, language) for each, said in STATES.items()},
    }
    return {**told, **of_guardians, "reasons": {**told["reasons"], **reasons}}


def as_json(words: Mapping[str, Words]) -> JsonValue:
    """Return all texts as the page fetches them."""
    return {
        language: {group: dict(texts) for group, texts in told.items()} for language, told in words.items()
    }
