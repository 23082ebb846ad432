"""How far the services are from the bare cryptography they cannot do without: `python -m benchmarks`."""
