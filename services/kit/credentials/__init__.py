"""Sender-constrained credentials: TLS client certificates, DPoP-bound tokens, transient pseudonym tokens."""
