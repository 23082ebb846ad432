"""The blind index: by what sealed rows are found, while without the key nobody can try a name.

A resident has up to five keys, one for each form of question but the number; of what a form takes the beginning, the
key takes the first character. In the database each key stands with the person that it finds, sealed under that key.

What a stolen database shows: how many keys stand more than once, so how large the largest groups of namesakes or
households are, all forms mixed; not what they have in common, not who they are, and not which keys belong to one
person, because what is sealed differs in each row. Whoever also watches the database while somebody is entered sees
which five come together.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from consent.vocabulary import BasicItem
from services.contracts.registry.forms import Form, Question
from services.contracts.registry.municipalities import split_address
from services.contracts.registry.spelling import edition, fold_address, fold_name
from services.registry.model import Resident

KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """Makes keys. Shape: `secret` is 32 bytes, a key 16."""

    secret: bytes = field(repr=False)

    def edition(self) -> bytes:
        """Return what names this secret and the spelling rules in force: with another, no key is found any more."""
        return hmac.digest(self.secret, b"edition" + edition(), "sha256")[:KEY_BYTES]

    def keys(self, someone: Resident) -> list[bytes]:
        """Return the keys by which a resident is found."""
        name = fold_name(someone.items[BasicItem.NAME])
        address = fold_address(someone.items[BasicItem.ADDRESS])
        born = someone.items[BasicItem.BIRTH_DATE]
        if not name:
            return []
        keys = [
            self._key(Form.NAME_BIRTH_DATE, name, born),
            self._key(Form.NAME_ADDRESS, name, address),
            self._key(Form.NAME_START_BIRTH_DATE, name[0], born),
            self._key(Form.NAME_START_ADDRESS, name[0], address),
        ]
        place = split_address(address)
        if place is not None and place[1]:
            keys.append(self._key(Form.NAME_ADDRESS_START, name, place[0], place[1][0]))
        return keys

    def key(self, question: Question) -> bytes | None:
        """Return the key that finds everybody whom a question fits, and perhaps others; None for a number."""
        match question.form:
            case Form.NUMBER:
                return None
            case Form.NAME_BIRTH_DATE:
                return self._key(question.form, question.name, question.birth_date)
            case Form.NAME_ADDRESS:
                return self._key(question.form, question.name, question.address)
            case Form.NAME_START_BIRTH_DATE:
                return self._key(question.form, question.name[0], question.birth_date)
            case Form.NAME_START_ADDRESS:
                return self._key(question.form, question.name[0], question.address)
            case Form.NAME_ADDRESS_START:
                place = split_address(question.address)
                return self._key(question.form, question.name, place[0], place[1][0]) if place else None

    @staticmethod
    def exact(question: Question) -> bool:
        """Tell whether everybody whom the key finds fits: then too many are known without opening one."""
        match question.form:
            case Form.NAME_BIRTH_DATE | Form.NAME_ADDRESS:
                return True
            case Form.NAME_START_BIRTH_DATE | Form.NAME_START_ADDRESS:
                return len(question.name) == 1
            case Form.NAME_ADDRESS_START:
                place = split_address(question.address)
                return place is not None and len(place[1]) == 1
            case Form.NUMBER:
                return False

    def _key(self, *parts: str) -> bytes:
        told = b"".join(len(part).to_bytes(4) + part for part in _encoded(parts))
        return hmac.digest(self.secret, told, "sha256")[:KEY_BYTES]


def _encoded(parts: Sequence[str]) -> list[bytes]:
    return [part.encode() for part in parts]
