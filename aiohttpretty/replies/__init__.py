"""What is said to a request: values, checked and rendered when they are registered."""
