"""Four instrumentations of aiohttp's client, brought to one form: install, remove, and watch what is recorded."""

import os
from contextlib import contextmanager

# Before ddtrace is imported: nothing of it shall look for an agent
os.environ.update(
    DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
    DD_REMOTE_CONFIGURATION_ENABLED="false",
    DD_TRACE_STARTUP_LOGS="false",
)

import aiohttp
import newrelic.agent
import newrelic.api.time_trace
import newrelic.core.config
import sentry_sdk
from aiohttp import ClientSession, web
from ddtrace.contrib.internal.aiohttp import patch as ddtrace_aiohttp
from ddtrace.trace import TraceFilter, tracer
from newrelic.hooks.framework_aiohttp import instrument_aiohttp_client
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.aiohttp import AioHttpIntegration


class OpenTelemetry:
    """Adds a trace config to every new session."""

    wraps_request = False

    def __init__(self):
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def install(self):
        AioHttpClientInstrumentor().instrument(tracer_provider=self._provider)

    def remove(self):
        AioHttpClientInstrumentor().uninstrument()

    @contextmanager
    def watch(self):
        records = []
        self._exporter.clear()
        yield records
        records += [
            (span.name, span.kind, dict(span.attributes), span.status.status_code)
            for span in self._exporter.get_finished_spans()
        ]


class Sentry:
    """Adds a trace config to every new session. It has no way to be removed: we put back what it has replaced."""

    wraps_request = False

    def __init__(self):
        self._envelopes = envelopes = []

        class Kept(sentry_sdk.transport.Transport):
            def capture_envelope(self, envelope):
                envelopes.append(envelope)

        self._options = {
            "dsn": "http://key@127.0.0.1/1",
            "transport": Kept,
            "traces_sample_rate": 1.0,
            "default_integrations": False,
            "auto_enabling_integrations": False,
            "integrations": [AioHttpIntegration()],
        }

    def install(self):
        self._found = ClientSession.__dict__["__init__"]
        handle, resolve = web.Application._handle, web.UrlDispatcher.resolve
        sentry_sdk.init(**self._options)  # sets the integration up, but only for the first time in a process
        if ClientSession.__dict__["__init__"] is self._found:
            AioHttpIntegration.setup_once()
        # what it does to aiohttp's server is no matter of ours
        web.Application._handle, web.UrlDispatcher.resolve = handle, resolve

    def remove(self):
        ClientSession.__init__ = self._found

    @contextmanager
    def watch(self):
        records = []
        self._envelopes.clear()
        with sentry_sdk.start_transaction(name="test"):
            yield records
        for envelope in self._envelopes:
            for span in envelope.get_transaction_event()["spans"]:
                data = {name: value for name, value in span["data"].items() if not name.startswith("thread.")}
                records.append((span["op"], span["description"], span["status"], data))


class DDTrace:
    """Wraps `_request` and every new session's connector."""

    wraps_request = True

    def __init__(self):
        self._spans = spans = []

        class Kept(TraceFilter):
            def process_trace(self, trace):
                spans.extend(trace)

        tracer.configure(trace_processors=[Kept()])

    def install(self):
        ddtrace_aiohttp.patch()

    def remove(self):
        ddtrace_aiohttp.unpatch()

    @contextmanager
    def watch(self):
        records = []
        self._spans.clear()
        yield records
        for span in self._spans:
            tags = {name: span.get_tag(name) for name in ("http.method", "http.url", "http.status_code", "out.host")}
            records.append((span.name, span.resource, span.error, tags))


class NewRelic:
    """Wraps `_request`. It has no way to be removed: we do what ddtrace does."""

    wraps_request = True

    def __init__(self):
        newrelic.core.config.global_settings().enabled = True

    def install(self):
        instrument_aiohttp_client(aiohttp.client)

    def remove(self):
        ClientSession._request = ClientSession._request.__wrapped__

    @contextmanager
    def watch(self):
        records = []
        with newrelic.agent.BackgroundTask(_NewRelicApplication(), "test"):
            yield records
            nodes = newrelic.api.time_trace.current_trace().children
            records += [(node.library, node.method, node.url) for node in nodes]


class _NewRelicApplication:
    """As much of an application as a transaction needs; a real one asks the network where it is running."""

    name = "test"
    enabled = active = True
    linked_applications = ()
    thread_utilization = None
    settings = newrelic.core.config.finalize_application_settings({})
    global_settings = newrelic.core.config.global_settings()

    def compute_sampled(self, *args, **kwargs):
        return False

    def record_transaction(self, *args):
        """Nobody is waiting for it."""

    def normalize_name(self, name, *args):
        return name, False
