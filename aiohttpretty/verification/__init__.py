"""What a test expected to happen, held against what did."""
