"""The barrier keeps no memory of who passed."""

import pytest

from services.directives.barrier import Turnstile


def test_a_turnstile_forgets_names_that_nobody_uses() -> None:
    turnstile = Turnstile()
    with turnstile.shared("a"), turnstile.shared("a"), turnstile.exclusive("b"):
        assert turnstile.names() == {"a", "b"}
    assert turnstile.names() == set()


def test_a_turnstile_lets_go_when_the_holder_fails() -> None:
    turnstile = Turnstile()
    for way in (turnstile.shared, turnstile.exclusive):
        with pytest.raises(KeyError), way("a"):
            raise KeyError
    assert turnstile.names() == set()
