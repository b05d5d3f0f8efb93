"""Which changes of the package no test notices; see __main__."""
