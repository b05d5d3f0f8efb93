"""The server whole: applications, websockets and peers that the test plays itself."""
