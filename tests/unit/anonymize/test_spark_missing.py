"""Without Spark or Java the engine says what to install, and nobody else notices."""

import subprocess
import sys
from pathlib import Path

import pytest

import anonymize as an

ROOT = Path(__file__).resolve().parents[3]


def outcome(code: str, **environment: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return told.stdout


def test_without_spark_the_engine_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyspark'] = None; import anonymize as an\n"
        "try:\n    import anonymize.spark\nexcept an.SparkMissingError as error:\n    print(error)"
    )
    assert "pip install sekisho[spark]" in outcome(code)


def test_without_java_the_engine_says_what_to_install(tmp_path: Path) -> None:
    pytest.importorskip(
        "anonymize.spark", reason="Spark is not installed (sekisho[spark])", exc_type=an.SparkMissingError
    )
    code = (
        "import anonymize as an, anonymize.spark as engine\n"
        "try:\n    engine.local_session()\nexcept an.SparkMissingError as error:\n    print(error)"
    )
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(Path("/usr/bin") / name)
    assert "needs Java 17" in outcome(code, PATH=str(tmp_path))


def test_spark_is_loaded_only_by_whoever_uses_it() -> None:
    assert outcome("import anonymize, sys; print('pyspark' in sys.modules)") == "False\n"
