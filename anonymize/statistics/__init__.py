"""Statistics that may leave: counts, means, quantiles, under disclosure rules or differential privacy."""

from anonymize.statistics.frequency import FrequencyTable, frequency_table, rounded_frequency_table
from anonymize.statistics.policy import Dominance, StatisticsPolicy, Zeros

__all__ = [
    "Dominance",
    "FrequencyTable",
    "StatisticsPolicy",
    "Zeros",
    "frequency_table",
    "rounded_frequency_table",
]
