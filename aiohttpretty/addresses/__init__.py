"""Where a request may go: exact addresses, templates and patterns."""
