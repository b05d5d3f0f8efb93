"""The fake, verified against the real: each scenario is played over a loopback server and over the wire.

Law of this room: what the client saw and what the server saw are compared field by field, with nothing left out. To
that end the loopback server sends exactly the bytes that were registered, from the same addresses.
"""
