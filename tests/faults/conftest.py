"""The option that writes the page, for a run of this directory."""


def pytest_addoption(parser):
    parser.addoption("--write-faults", action="store_true", help="write docs/faults.md anew")
