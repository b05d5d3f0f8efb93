"""The option that writes the page, for a run of this directory."""


def pytest_addoption(parser):
    parser.addoption("--write-failures", action="store_true", help="write docs/failures.md anew")
