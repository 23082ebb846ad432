"""Keeping one part of a person's wallet, and giving it back: the same at the three bodies that do."""
