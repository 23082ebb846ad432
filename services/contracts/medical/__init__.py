"""What other programs may know of the medical centre: its messages, its client, an honest fake."""
