"""What pytest is told: settings, the watch over a test, and the sections of its report."""
