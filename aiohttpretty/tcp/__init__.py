"""The registry behind a real socket: requests as they come, answers as they are said to any client."""
