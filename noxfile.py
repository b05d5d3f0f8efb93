"""The checks, each in an environment of its own. `nox` runs all; `nox -l` lists them; `nox -s lint types` runs two."""

from pathlib import Path

import nox

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
    # -n auto: as many processes as the machine has cores; the README's own command runs them in one
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
    """Side by side with the instrumentations that wrap aiohttp's client."""
    session.install(".[test,company]")
    session.run("python", "-m", "pytest", "-p", "no:cacheprovider", "tests/company", *session.posargs)


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
