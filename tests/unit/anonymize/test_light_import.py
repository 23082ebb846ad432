"""What `import anonymize` does not wait for."""

import subprocess
import sys


def test_importing_the_library_loads_no_solver_and_no_source_of_noise() -> None:
    told = "import sys, anonymize; print(sorted({'scipy', 'opendp', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
