"""The checks, each in an environment of its own. `nox` runs all; `nox -l` lists them; `nox -s lint types` runs two."""

from pathlib import Path

import nox
from nox.command import CommandFailed
from packaging.version import Version

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"

NEWEST = "newest"
# Every supported CPython with the newest aiohttp, and the last patch of every older line of aiohttp
MATRIX = [
    *[(python, NEWEST) for python in ("3.10", "3.11", "3.12", "3.13")],
    ("3.11", "3.10.11"),
    ("3.11", "3.11.18"),
    ("3.12", "3.12.15"),
    ("3.13", "3.13.5"),
]


def run_tests(session: nox.Session, aiohttp: str = NEWEST, *, arguments: tuple[str, ...] = (), **env: str) -> None:
    """Install the package with what its tests need, and run them."""
    pin = [] if aiohttp == NEWEST else [f"aiohttp=={aiohttp}"]
    session.install(".[test]", *pin)
    session.run("python", "-c", "import aiohttp; print('aiohttp', aiohttp.__version__)")
    # -n auto: as many processes as the machine has cores
    session.run("python", *arguments, "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", *session.posargs, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, by two checkers."""
    session.install(".[tls,wsgi]", "mypy", "pyright", "pytest", "typing_extensions")
    session.run("mypy")
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))


@nox.session
@nox.parametrize(("python", "aiohttp"), MATRIX)
def tests(session: nox.Session, aiohttp: str) -> None:
    """The tests on every supported CPython and every line of aiohttp."""
    run_tests(session, aiohttp)


@nox.session(python="3.11", default=False)
def coverage(session: nox.Session) -> None:
    """Every line and branch of the package is run by the tests; below 100 % it fails. Half as long again as `tests`."""
    session.install(".[test]", "coverage>=7.10")
    session.env["COVERAGE_FILE"] = str(session.cache_dir.resolve() / "coverage")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(python="3.12")
def uvloop(session: nox.Session) -> None:
    """The tests under uvloop."""
    run_tests(session, AIOHTTPRETTY_LOOP="uvloop")


@nox.session(python="3.13")
def debug(session: nox.Session) -> None:
    """The tests in asyncio's debug mode, with every warning an error."""
    run_tests(session, arguments=("-W", "error", "-X", "dev"), PYTHONASYNCIODEBUG="1")


@nox.session(python="3.11")
def company(session: nox.Session) -> None:
    """Side by side with instrumentations, frozen clocks, other plug-ins of pytest, other mocks, and clients."""
    session.install(".[test,company]")
    session.run("python", "-m", "pytest", "-p", "no:cacheprovider", "tests/company", *session.posargs)


@nox.session(python="3.11", default=False)
def seeds(session: nox.Session) -> None:
    """The tests in 20 orders of pytest-randomly's; `nox -s seeds -- 7 42` tries these two."""
    session.install(".[test]")
    failed = []
    for seed in session.posargs or map(str, range(1, 21)):
        # the last -p wins: our own runs keep their order
        order = ("-p", "randomly", f"--randomly-seed={seed}", "-n", "auto", "-p", "no:cacheprovider")
        try:
            session.run("python", "-m", "pytest", "-q", *order)
        except CommandFailed:  # the others are wanted, too
            failed.append(seed)
    if failed:
        session.error(f"Tests failed with the seeds {', '.join(failed)}.")


@nox.session
def build(session: nox.Session) -> None:
    """The sdist and the wheel build, install and work."""
    session.install("build")
    out = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--outdir", str(out), silent=True)
    for built in sorted(out.glob("aiohttpretty-*")):
        session.install("--force-reinstall", "--no-deps", str(built))
        session.install(str(built))
        # from another folder, so that what was installed is imported, and not what lies here
        quickstart = Path("examples/quickstart.py").resolve()
        with session.chdir(str(out)):
            session.run("python", str(quickstart), silent=True)
            session.run("python", "-c", "import aiohttpretty; print(aiohttpretty.__version__, aiohttpretty.__file__)")
        built.unlink()


@nox.session(python="3.11", default=False)
def mutation(session: nox.Session) -> None:
    """Small changes of the package, each of which a test is to notice: `nox -s mutation -- aiohttpretty/route.py`.

    `--sample 0` tries every place instead of 40 of each module, `--help` says the rest.
    """
    session.install("-e", ".[test]", "cosmic-ray>=8.7", "coverage>=7.10")
    # not session.create_tmp(), which makes it the TMPDIR, too: what pytest is given there is within this project
    copy = session.cache_dir.resolve() / "mutation"
    session.run("python", "-m", "mutation", "--copy", str(copy), *session.posargs)


@nox.session(python="3.13", default=False)
def prerelease(session: nox.Session) -> None:
    """The tests on aiohttp's newest pre-release, where the package index has one that is newer than all releases."""
    listed = session.run("python", "-m", "pip", "index", "versions", "--pre", "aiohttp", silent=True) or ""
    # what was withdrawn, as 4.0.0a1 of 2019, is not among them
    found = [line.partition(":")[2] for line in listed.splitlines() if line.startswith("Available versions:")]
    newest = max((Version(one.strip()) for line in found for one in line.split(",")), default=None)
    if newest is None:
        session.error("pip did not list the versions of aiohttp. Run the session again with a package index at hand.")
    if not newest.is_prerelease:
        session.log(f"aiohttp {newest} is the newest there is, and no pre-release: nothing to be tried.")
        return
    run_tests(session, str(newest))


@nox.session(default=False)
def load(session: nox.Session) -> None:
    """A lot of everything, which takes most of an hour: `nox -s load -- --scale 0.01` is a glance."""
    session.install(".")
    session.run("python", "benchmarks/load.py", *session.posargs)


def run_hostile(session: nox.Session, total: int) -> None:
    """Try so many cases of hostile input; up to 2,000 are the same each time."""
    session.install(".[test]")
    env = {"AIOHTTPRETTY_CASES": str(total)}
    session.run("python", "-m", "pytest", "-n", "auto", "-p", "no:cacheprovider", "tests/hostile", env=env)


@nox.session(python="3.12")
def hostile(session: nox.Session) -> None:
    """Hostile input: 2,000 cases of it."""
    run_hostile(session, 2_000)


@nox.session(python="3.12", default=False)
def fuzz(session: nox.Session) -> None:
    """Hostile input: 100,000 cases, and bytes that coverage leads to: `nox -s fuzz -- 3600`, for an hour of these."""
    run_hostile(session, 100_000)
    session.install("-e", ".", "atheris")
    session.run("python", "fuzz/fuzz.py", *(session.posargs or ["600"]))


@nox.session(python="3.12", default=False)
def network(session: nox.Session) -> None:
    """Never the network: 10,000 random programs on each kind of event loop. And nothing stays, in all combinations."""
    session.install(".[test]")
    cases = {"AIOHTTPRETTY_CASES": session.env.get("AIOHTTPRETTY_CASES") or "10000"}
    for loop in ("asyncio", "uvloop"):
        env = {**cases, "AIOHTTPRETTY_LOOP": loop}
        session.run("python", "-m", "pytest", "-p", "no:cacheprovider", "tests/network", "tests/leaks", env=env)
