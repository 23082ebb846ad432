"""What others know about the oversight body."""
