"""A verified receipt as a page to print: no script, nothing fetched, every value escaped."""

from html import escape
from typing import Final

from consent.bilingual import Word
from consent.receipt_facts import Fact
from consent.receipt_words import lines, title

_NOTE: Final = Word(
    "受領証の内容を読める形にしたものです。証明になるのは受領証のファイルで、`sekisho verify` で確かめられます。",
    "This shows what the receipt says. What proves it is the receipt's file, to be checked with `sekisho verify`.",
)
_STYLE: Final = (
    "body{font-family:sans-serif;max-width:50rem;margin:2rem auto;line-height:1.6}"
    "th{text-align:left;vertical-align:top;padding-right:1rem;white-space:nowrap}td{overflow-wrap:anywhere}"
)


def page(fact: Fact, language: str) -> str:
    """Return the page; `language` is `ja` or `en`."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(label.of(language))}</th><td>{_text(value.of(language))}</td></tr>'
        for label, value in lines(fact)
    )
    named = escape(title(fact).of(language))
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{named}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{named}</h1>\n"
        f"<table>\n{rows}\n</table>\n<p>{escape(_NOTE.of(language))}</p>\n</body>\n</html>\n"
    )


def _text(value: str) -> str:
    return escape(value).replace("\n", "<br>")
