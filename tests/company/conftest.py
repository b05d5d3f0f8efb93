"""Collected only where all of the instrumentations are installed."""

from importlib.util import find_spec

PACKAGES = ("ddtrace", "newrelic", "opentelemetry", "sentry_sdk")

collect_ignore = [] if all(map(find_spec, PACKAGES)) else ["test_company.py"]
