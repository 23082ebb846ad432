"""One wallet of a person following another: the same at every body that keeps wallets."""
