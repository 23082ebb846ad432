"""Spark on this machine alone."""

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from anonymize.errors import SparkMissingError


def local_session(*, threads: int = 2) -> SparkSession:
    """Start Spark on this machine, listening on the loopback only, or return the session that runs already.

    Raises: SparkMissingError when Spark does not start, as it does without Java 17 or later.
    """
    if (running := SparkSession.getActiveSession()) is not None:
        return running
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": threads,
    }
    try:
        return SparkSession.builder.master(f"local[{threads}]").config(map=settings).getOrCreate()
    except PySparkException as cause:
        raise SparkMissingError(
            "Spark did not start. It needs Java 17 or later: install it, on Debian openjdk-17-jre-headless,"
            " or set JAVA_HOME to where it is."
        ) from cause
