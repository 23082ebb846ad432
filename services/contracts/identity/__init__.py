"""What others know of the ID centre: its messages, a client, and an honest fake."""
