"""Tests that run in an event loop of their own, without pytest."""
