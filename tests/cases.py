"""How many cases hypothesis tries: few in each run of the suite, many where the environment asks for them."""

import os

from hypothesis import HealthCheck, settings

TOTAL = "AIOHTTPRETTY_CASES"
FEW = 200
# So many are the same in each run, so that a change is judged by what it changes; more are drawn anew each time
SAME = 2_000


def cases(share: float = 1.0) -> settings:
    """Of all the cases that `AIOHTTPRETTY_CASES` asks for (200 where it says nothing), this test tries such a share.

    In a folder of tests the shares add up to one, so that the number is that of the folder.
    """
    asked = int(os.environ.get(TOTAL, str(FEW)))
    return settings(
        max_examples=max(5, round(asked * share)),
        deadline=None,
        derandomize=asked <= SAME,
        # what a case makes does not outlive it, and what the tests' own fixtures make may
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )
