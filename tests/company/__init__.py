"""In the company of the instrumentations that stand in front of aiohttp's client, too.

They are many and heavy, so they live in the extra `company` and not in `test`, and without them nothing in this folder
is collected. To run it: `nox -s company`, or in an environment of your own

    python -m pip install '.[test,company]'
    python -m pytest tests/company

Nothing leaves this machine: what the instrumentations record is kept in this process, and their agents are not started.
"""
