"""The story that passes through all seven bodies, as twelve checks that somebody who reads no code can follow."""
