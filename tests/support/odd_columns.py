"""Columns as nobody should give them, and as pandas holds them all the same."""

from typing import Any

import pandas as pd


def objects(*values: object) -> pd.Series:
    return pd.Series(values, dtype=object, name="age")


def dates(*texts: str | None) -> pd.Series:
    return pd.to_datetime(pd.Series(texts, name="day", dtype=object))


def untyped(value: object) -> Any:
    """What a caller passes whom no type checker warns."""
    return value
