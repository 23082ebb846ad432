"""Statistics that may leave: counts, means, quantiles, under disclosure rules or differential privacy."""

from anonymize.statistics.budget import PrivacyAccount, PrivacyBudget
from anonymize.statistics.count_ledger import CountLedger
from anonymize.statistics.differencing import tells_few
from anonymize.statistics.frequency import FrequencyTable, frequency_table, rounded_frequency_table
from anonymize.statistics.magnitude import GroupStatistics, group_means, group_quantiles, group_sums
from anonymize.statistics.policy import Dominance, StatisticsPolicy, Zeros
from anonymize.statistics.private import (
    PrivateCounts,
    PrivateNumber,
    one_row_each,
    private_count,
    private_histogram,
    private_mean,
    private_quantile,
)
from anonymize.statistics.private_release import PrivateRelease, private_release
from anonymize.statistics.sampled import Sampling, sampling_for

__all__ = [
    "CountLedger",
    "Dominance",
    "FrequencyTable",
    "GroupStatistics",
    "PrivacyAccount",
    "PrivacyBudget",
    "PrivateCounts",
    "PrivateNumber",
    "PrivateRelease",
    "Sampling",
    "StatisticsPolicy",
    "Zeros",
    "frequency_table",
    "group_means",
    "group_quantiles",
    "group_sums",
    "one_row_each",
    "private_count",
    "private_histogram",
    "private_mean",
    "private_quantile",
    "private_release",
    "rounded_frequency_table",
    "sampling_for",
    "tells_few",
]
