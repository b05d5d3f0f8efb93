"""What a failure says, and that it says the true cause."""
