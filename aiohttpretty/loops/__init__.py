"""How a test runs in an event loop of its own."""
