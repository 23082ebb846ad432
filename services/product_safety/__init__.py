"""The product safety centre: articles, who owns them by pseudonym, recalls, notices. No name, no address."""
