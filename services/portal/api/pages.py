"""The page and what it is made of; nothing in it depends on who asks."""

import json
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from consent.guardians import RULES, Act
from consent.vocabulary import Body
from services.contracts.portal.messages import PortalConfig
from services.kit.problems import NotFoundError
from services.portal.pages import (
    ASSETS,
    CONFIG_PATH,
    FOLDER,
    HOME_PATH,
    MEDIA_TYPES,
    STATIC,
    WORDS_PATH,
    as_json,
    choose_language,
    load_words,
    texts_of_page,
)
from services.portal.settings import Settings


def page_routes(settings: Settings) -> APIRouter:
    """Return the router; files are read once."""
    router = APIRouter()
    words = load_words()
    words_json = json.dumps(as_json(words), ensure_ascii=False).encode()
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("index.html")
    pages = {
        language: template.render(language=language, words=texts_of_page(told), rules=RULES, acts=list(Act))
        for language, told in words.items()
    }

    @router.get(HOME_PATH, response_class=HTMLResponse)
    def home(
        lang: Annotated[str | None, Query(max_length=35)] = None,
        accept_language: Annotated[str, Header(max_length=1000)] = "",
    ) -> str:
        """Return the page in the language asked for."""
        return pages[choose_language(lang, accept_language)]

    @router.get(WORDS_PATH)
    def all_words() -> Response:
        """Return the page's texts in both languages, reasons of refusals included."""
        return Response(words_json, media_type="application/json")

    @router.get(CONFIG_PATH)
    def config() -> PortalConfig:
        """Return for which bodies this portal relays."""
        return PortalConfig(issuer=settings.urls[Body.IDENTITY], bodies=dict(settings.urls))

    for name in STATIC:
        _serve(router, name, (FOLDER / name).read_bytes())
    for name in ASSETS:
        file = FOLDER / name
        _serve(router, name, file.read_bytes() if file.exists() else None)
    return router


def _serve(router: APIRouter, name: str, content: bytes | None) -> None:
    kind = MEDIA_TYPES[Path(name).suffix]

    @router.get(f"/{name}", name=name)
    def static() -> Response:
        """Return one file of the page."""
        if content is None:
            raise NotFoundError
        return Response(content, media_type=kind)
