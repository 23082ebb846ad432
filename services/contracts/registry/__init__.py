"""What others know of the resident registry: its messages, a client, and an honest fake."""
