"""The same anonymisation for tables that stay on a Spark cluster. Needs the extra `sekisho[spark]` and Java 17."""

from anonymize.errors import SparkMissingError

try:
    from anonymize.spark.engine import SparkResult, anonymize, apply, measure
    from anonymize.spark.session import local_session
except ModuleNotFoundError as cause:
    if (cause.name or "").partition(".")[0] not in ("pyspark", "py4j"):
        raise
    raise SparkMissingError("Spark is not installed; install it with: pip install sekisho[spark].") from cause

__all__ = ["SparkResult", "anonymize", "apply", "local_session", "measure"]
