"""The marker and the fixture, through a child pytest."""
