"""Nothing stays: every way in and out, every end, with everything that can be under way."""
