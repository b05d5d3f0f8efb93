"""Change the package in small ways, and see whether a test notices: `python -m mutation aiohttpretty/route.py`.

It works in a copy of the project, and never changes the project itself. First (or with `--measure`) the suite runs
once there, under coverage, to learn which tests reach which line. Then each change is tried with those tests, the
quickest first, until one fails. What no test noticed is printed as a diff.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mutation.reaching import DURATIONS, Reach
from mutation.trying import Trying

# Tests that read the source, need other environments, or run a pytest of their own, which no coverage sees
ASIDE = ["tests/company", "tests/test_architecture.py", "tests/plugin", "tests/testing", "tests/test_unittest.py"]
# This program was imported before pytest could rewrite its assertions, if it takes it for a plug-in
IMPORTED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
OPTIONS = ("-q", "-p", "no:cacheprovider", "--capture=no", *IMPORTED)
LEFT_ALONE = shutil.ignore_patterns(".git", ".nox", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "build", "dist")
HEAD = "| room | places | tried | killed | timed out | not reached | survived |\n|---|---|---|---|---|---|---|"


def measure(root: Path) -> None:
    """Run the suite once, for who reaches what."""
    (root / ".coveragerc").write_text("[run]\nsource = aiohttpretty\ndata_file = .coverage\n")
    ignored = [word for path in ASIDE for word in ("--ignore", path)]
    command = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *ignored]
    status = subprocess.run([*command, "-p", "mutation.reaching"], cwd=root, check=False).returncode
    if status > 1:  # at 1, tests have failed: those that fail without any change are asked nothing
        sys.exit(status)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", type=Path, help="files of the package, from the project's root")
    parser.add_argument("--sample", type=int, default=40, help="so many places of each module; 0 is all of them")
    parser.add_argument("--seed", default="8", help="which sample")
    parser.add_argument("--budget", type=float, default=60, help="so many seconds of tests for one change, at most")
    parser.add_argument("--line", type=int, action="append", help="only what is changed in this line")
    parser.add_argument("--bodies", action="store_true", help="leave out what only an import changes; it takes long")
    parser.add_argument("--copy", type=Path, help="where the copy of the project is, or is to be made")
    parser.add_argument("--measure", action="store_true", help="copy anew, and learn which tests reach which line")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the copy is whole again
    root = (asked.copy or Path(tempfile.gettempdir()) / "aiohttpretty-mutated").resolve()
    os.environ["PYTHONPATH"] = str(root)
    os.environ.setdefault("AIOHTTPRETTY_CASES", "20")
    sys.path.insert(0, str(root))
    if asked.measure or not (root / DURATIONS).exists():
        shutil.copytree(Path.cwd(), root, ignore=LEFT_ALONE, dirs_exist_ok=True)
        measure(root)
    os.chdir(root)
    files = sorted({test.split("::")[0] for module in asked.modules for test in Reach(root, module).everybody()})
    trying = Trying(root, asked)
    status = pytest.main([*OPTIONS, *files], plugins=[trying]) if files else 0
    print("", HEAD, *trying.rows, sep="\n")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
