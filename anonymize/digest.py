"""A table's fingerprint that does not depend on the order of its rows."""

import hashlib
import json
from typing import Final

import pandas as pd

from anonymize.ladder import leaf_text

METHOD: Final = (
    "SHA-256 over UTF-8 lines ending in a line feed: the column names as a JSON array, then every row as a JSON array"
    " of texts (whole numbers without decimals, null where missing), rows in ascending order of code points"
)


def digest(df: pd.DataFrame) -> str:
    """Fingerprint a table, 64 hexadecimal digits; `METHOD` says how. The index does not count.

    Guarantees: tables with the same rows in another order have the same digest, all others another one. A
    table that was written as text and read again keeps its digest if its values kept their text.
    """
    found = hashlib.sha256()
    found.update(_line([str(name) for name in df.columns]))
    columns = [_cells(df.iloc[:, at]) for at in range(df.shape[1])]
    for row in sorted(f"[{', '.join(cells)}]\n" for cells in zip(*columns, strict=True)):
        found.update(row.encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _cells(series: pd.Series) -> list[str]:
    spelled: dict[tuple[type, object], str] = {}
    cells = []
    for value, missing in zip(series.tolist(), series.isna().tolist(), strict=True):
        if missing:
            cells.append("null")
            continue
        key = (type(value), value)
        if key not in spelled:
            spelled[key] = json.dumps(leaf_text(value), ensure_ascii=False)
        cells.append(spelled[key])
    return cells


def _line(texts: list[str]) -> bytes:
    return (json.dumps(texts, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
