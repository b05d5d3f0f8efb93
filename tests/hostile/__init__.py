"""What nobody would write on purpose, and what nobody should send: it is refused in words, or served; no hang."""
