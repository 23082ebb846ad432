"""Shares of sensitive values, of classes and of the whole table."""

import numpy as np

from anonymize.classes import Codes, Histograms, Secret
from anonymize.loss import Floats


def table_shares(secret: Secret) -> Floats:
    """Which part of the table's rows has each value."""
    return np.asarray(secret.rows / max(int(secret.rows.sum()), 1), dtype=np.float64)


def shares(histograms: Histograms) -> Floats:
    """Which part of its class's rows each entry has."""
    counts = histograms.counts.astype(np.float64)
    sizes = totals(counts, histograms.starts)
    return np.asarray(counts / np.repeat(sizes, np.diff(histograms.starts)))


def totals(entries: Floats, starts: Codes) -> Floats:
    """Sum the entries of each class; 0 for a class without any."""
    sums = np.zeros(len(starts) - 1, dtype=np.float64)
    filled = np.diff(starts) > 0
    if filled.any():
        sums[filled] = np.add.reduceat(entries, starts[:-1][filled])
    return sums


def greatest(entries: Floats, starts: Codes) -> Floats:
    """The greatest entry of each class; minus infinity for a class without any."""
    found = np.full(len(starts) - 1, -np.inf, dtype=np.float64)
    filled = np.diff(starts) > 0
    if filled.any():
        found[filled] = np.maximum.reduceat(entries, starts[:-1][filled])
    return found
