"""How many people are unique in a population, estimated from how large the classes of a sample are."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from anonymize.classes import Codes
from anonymize.errors import AnonymizeError
from anonymize.loss import Floats

_TOLERANCE: Final = 1e-6
_STARTS: Final = ((0.5, 0.3), (2.0, 0.5), (0.1, 0.1), (0.05, 0.01), (5.0, 0.8), (0.5, 0.02))


class NoEstimateError(AnonymizeError):
    """The model has no estimate for these classes; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """How many classes of each size a sample of a population has.

    Shape: `sizes`, ascending and distinct, and `counts` belong together; `population` is how many rows the
    population has.
    """

    sizes: Codes
    counts: Codes
    population: int

    @classmethod
    def of(cls, classes: Codes, sampling_fraction: float) -> "Sample":
        """Count the sizes of classes; the population has rows / fraction rows."""
        sizes, counts = np.unique(classes, return_counts=True)
        rows = int(classes.sum())
        return cls(sizes, counts.astype(np.int64), max(rows, round(rows / sampling_fraction)))

    @property
    def rows(self) -> int:
        """Rows of the sample."""
        return int(self.sizes @ self.counts)

    @property
    def classes(self) -> int:
        """Classes of the sample."""
        return int(self.counts.sum())

    @property
    def uniques(self) -> int:
        """Classes of one row."""
        return int(self.counts[0]) if self.sizes[0] == 1 else 0

    def require_repeats(self) -> None:
        """Raises: NoEstimateError when every row is unique."""
        if self.uniques == self.rows:
            raise NoEstimateError("Every row is unique, so nothing tells how large classes are.")


def zayatz(sample: Sample) -> float:
    """Population uniques by Bayes' rule, the sample's class sizes standing for the population's.

    A class of F rows leaves one row in the sample with the hypergeometric probability F C(N-F, n-1) / C(N, n).
    Source: L. Zayatz, Estimation of the percent of unique population elements on a microdata file using the
    sample, US Bureau of the Census, 1991.
    """
    from scipy.special import gammaln

    total, rows, sizes = float(sample.population), float(sample.rows), sample.sizes.astype(np.float64)
    possible = sizes <= total - rows + 1
    sizes, shares = sizes[possible], (sample.counts / sample.classes)[possible]
    # ln C(N-F, n-1) - ln C(N, n), with what is the same for all sizes left out.
    ways = gammaln(total - sizes + 1) - gammaln(total - sizes - rows + 2)
    seen_once = shares * sizes * np.exp(ways - ways[0])
    surely = float(seen_once[0] / seen_once.sum())
    return surely * sample.uniques * total / rows


def pitman(sample: Sample) -> float:
    """Expected uniques of a population that follows Pitman's sampling formula, fitted by maximum likelihood.

    With discount a and strength t, N rows have N G(t+1) G(t+N-1+a) / (G(t+a) G(t+N)) unique ones on average,
    G being the gamma function.
    Raises: NoEstimateError.
    Source: N. Hoshino, Applying Pitman's sampling formula to microdata disclosure risk assessment, Journal of
    Official Statistics 17(4), 2001.
    """
    from scipy.optimize import minimize
    from scipy.special import expit, gammaln, logit

    sample.require_repeats()
    rows, steps = sample.rows, np.arange(1, sample.classes)

    def unlikely(place: Floats) -> float:
        discount = float(expit(place[0]))
        strength = float(np.exp(place[1])) - discount
        found = np.log(strength + steps * discount).sum() - gammaln(strength + rows) + gammaln(strength + 1)
        found += sample.counts @ (gammaln(sample.sizes - discount) - gammaln(1 - discount))
        return -float(found) / rows

    start = np.array([logit(0.3), np.log(max(sample.classes / 2, 1.0))])
    options = {"xatol": 1e-5, "fatol": 1e-12, "maxiter": 2000}
    bounds = [(-12.0, 12.0), (-12.0, 25.0)]
    found = minimize(unlikely, start, method="Nelder-Mead", bounds=bounds, options=options)
    if not found.success or found.x[0] > 11.9 or found.x[1] > 24.9:
        raise NoEstimateError("No parameters of Pitman's formula fit the class sizes best.")
    discount = float(expit(found.x[0]))
    strength = float(np.exp(found.x[1])) - discount
    total = sample.population
    logarithm = gammaln(strength + 1) - gammaln(strength + discount)
    logarithm += gammaln(strength + total - 1 + discount) - gammaln(strength + total)
    return float(total * np.exp(logarithm))


def slide_negative_binomial(sample: Sample) -> float:
    """Uniques of a population whose class sizes, less one, are negative binomial: K classes, K p**r unique.

    r and p are those with which a sample that takes each row with probability n/N has, on average, as many
    classes and as many uniques as this one; K makes the population N rows.
    Raises: NoEstimateError.
    Source: G. Chen, S. Keller-McNulty, Estimation of identification disclosure risk in microdata, Journal of
    Official Statistics 14(1), 1998.
    """
    from scipy.optimize import root
    from scipy.special import expit, logit

    sample.require_repeats()
    fraction = sample.rows / sample.population

    def classes(r: float, p: float) -> tuple[float, float, float]:
        """The population's classes, and the sample's classes and uniques on average."""
        total = sample.population / (1 + r * (1 - p) / p)
        thinned = p / (p + fraction * (1 - p))
        none = thinned**r
        once = fraction * none + (1 - fraction) * r * (1 - thinned) * none
        return total, total * (1 - (1 - fraction) * none), total * once

    def off(place: Floats) -> list[float]:
        _, seen, once = classes(float(np.exp(place[0])), float(expit(place[1])))
        return [seen / sample.classes - 1, once / sample.uniques - 1]

    for r, p in _STARTS:
        with np.errstate(all="ignore"):
            found = root(off, np.array([np.log(r), logit(p)]))
        if found.success and np.abs(found.fun).max() < _TOLERANCE and np.abs(found.x).max() < 25:
            r, p = float(np.exp(found.x[0])), float(expit(found.x[1]))
            return float(classes(r, p)[0] * p**r)
    raise NoEstimateError("No negative binomial distribution has as many classes and uniques as the sample.")
