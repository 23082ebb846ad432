"""Routes of the oversight body."""
