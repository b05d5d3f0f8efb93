"""Pages of the documentation that are made from tests."""

import pytest


def check(request, page, made, tests):
    """The page is the one that is made from these `tests`; with `--write-...` it is written first."""
    option = f"--write-{page.stem}"
    if request.config.getoption(option, default=False):
        page.write_text(made, encoding="utf-8")
    if page.read_text(encoding="utf-8") != made:
        pytest.fail(
            f"docs/{page.name} is not what {tests} make of it. Write it anew: python -m pytest {tests} {option}",
            pytrace=False,
        )
