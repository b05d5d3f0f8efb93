"""What a request must be like: each matcher, what it refuses, and how matchers are joined."""
