"""The ID centre: cards, pseudonyms, tokens, and the third of the proxies. It holds no name and no record."""
