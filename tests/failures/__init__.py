"""Each kind of failure, as it prints. The page docs/failures.md is made from what is written here."""
