"""Checks of models' parameters, and the one tolerance for limits that are compared as floats."""

import math
from typing import Final

from anonymize.errors import ModelError

TOLERANCE: Final = 1e-9
"""Distances and entropies are sums of rounded floats: a class on the limit itself must pass.

The tolerance is far above the rounding (about 1e-13 for 10**6 values) and far below what any parameter means.
"""


def require_count(name: str, value: int) -> None:
    """Raises: ModelError unless the value is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(f"{name} must be a whole number of at least 1; give for example {name}=5.")


def require_positive(name: str, value: float, *, least: float = 0) -> None:
    """Raises: ModelError unless the value is a finite number above 0 and not below `least`."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value <= 0 or value < least:
        raise ModelError(
            f"{name} must be a number {f'of at least {least}' if least else 'above 0'}; correct it."
        )


def require_share(name: str, value: float) -> None:
    """Raises: ModelError unless the value lies between 0 and 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise ModelError(f"{name} must lie between 0 and 1; give for example {name}=0.2.")
