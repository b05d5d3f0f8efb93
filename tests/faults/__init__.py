"""Faults, played against a real server and over the wire. The page docs/faults.md is made from what is written here."""
