"""The only thing bodies share about each other: per body its messages, a client, and an honest fake."""
