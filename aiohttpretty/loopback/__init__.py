"""On real sockets of this machine: a server that the test plays, hosts led to it, and TLS that is real."""
