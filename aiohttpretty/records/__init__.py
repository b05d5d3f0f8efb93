"""What happened: the record of each request, and what can be read in it."""
