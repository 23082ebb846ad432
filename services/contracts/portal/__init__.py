"""What others need to know of My Portal: its messages and a client."""
