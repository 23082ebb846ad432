"""How likely a sampled and k-anonymised table says too much: delta from binomial tails."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from anonymize.errors import StatisticsError
from anonymize.loss import Floats

MOST_K: Final = 100_000
LEAST_EPSILON: Final = 0.001
"""Below, tails fall so slowly that summing them takes minutes."""
_SHARES: Final = 20
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Sampling:
    """Each row is kept with probability `share`; of what is kept, records that occur fewer than k times are not shown.

    On a recoding that does not depend on the table this is (epsilon, `delta(epsilon)`)-differentially private.
    Source: N. Li, W. Qardaji, D. Su, On sampling, anonymization, and differential privacy: or, k-anonymization
    meets differential privacy, ASIACCS 2012, theorem 1.
    """

    share: float
    k: int

    def delta(self, epsilon: float) -> float:
        """The greatest probability, over the number of persons with one record, that its count tells too much.

        Of n persons, more than gamma * n in the sample make one person's absence that much less likely; a
        Chernoff bound says from which n on no tail can be greater.
        """
        if self.share > limit_of(epsilon) + _ROUNDING:
            raise StatisticsError(
                "So large a sample is not private for this epsilon; raise epsilon or lower the share."
            )
        gamma = 1 - (1 - self.share) * math.exp(-epsilon)
        falling = gamma * math.log(gamma / self.share) + (1 - gamma) * math.log(
            (1 - gamma) / (1 - self.share)
        )
        greatest, start, length = 0.0, self.k, 256
        while True:
            tails = self._tails(np.arange(start, start + length, dtype=np.float64), gamma)
            greatest = max(greatest, float(tails.max()))
            start += length
            length *= 2
            if gamma * start >= self.k and math.exp(-start * falling) <= greatest:
                return min(1.0, greatest * (1 + _ROUNDING))

    def _tails(self, persons: Floats, gamma: float) -> Floats:
        from scipy.stats import binom

        least = np.maximum(self.k, np.floor(gamma * persons * (1 - _ROUNDING)) + 1)
        tails: Floats = binom.sf(least - 1, persons, self.share)
        return tails


def limit_of(epsilon: float) -> float:
    """The greatest share that can be sampled under this epsilon."""
    return -math.expm1(-epsilon)


def sampling_for(epsilon: float, delta: float) -> Sampling:
    """The share and k that guarantee (epsilon, delta) and show records that as few persons as possible have.

    Raises: StatisticsError when even k = 100,000 does not, or epsilon is below 0.001.
    """
    if epsilon < LEAST_EPSILON:
        raise StatisticsError(f"epsilon must be at least {LEAST_EPSILON}; a sample that says less is empty.")
    shares = [limit_of(epsilon) * step / _SHARES for step in range(1, _SHARES + 1)]
    found = [Sampling(share, k) for share in shares if (k := _least_k(share, epsilon, delta)) is not None]
    if not found:
        raise StatisticsError(f"No k up to {MOST_K} guarantees this delta; raise epsilon or delta.")
    return min(found, key=lambda each: (each.k / each.share, each.k))


def _least_k(share: float, epsilon: float, delta: float) -> int | None:
    """By halving: delta never rises with k, as each tail begins later."""
    above = 2
    while Sampling(share, above).delta(epsilon) > delta:
        above *= 2
        if above > MOST_K:
            return None
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        if Sampling(share, middle).delta(epsilon) > delta:
            below = middle
        else:
            above = middle
    return above
