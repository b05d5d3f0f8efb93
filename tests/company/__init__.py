"""In the company of what stands beside us in people's test runs: instrumentations, clocks, plug-ins, other mocks.

They are many, and some are heavy, so they live in the extra `company` and not in `test`, and a file whose tools are not
installed is not collected. To run it: `nox -s company`, or in an environment of your own

    python -m pip install '.[test,company]'
    python -m pytest tests/company

Nothing leaves this machine: what the instrumentations record is kept in this process, and their agents are not started.
"""
