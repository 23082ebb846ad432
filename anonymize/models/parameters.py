"""Checks of models' parameters."""

from anonymize.errors import ModelError


def require_count(name: str, value: int) -> None:
    """Raises: ModelError unless the value is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(f"{name} must be a whole number of at least 1; give for example {name}=5.")
