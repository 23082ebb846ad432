"""One thing said in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said in both languages."""

    ja: str
    en: str

    def of(self, language: str) -> str:
        """Return one of them; `language` is `ja` or `en`."""
        return {"ja": self.ja, "en": self.en}[language]
