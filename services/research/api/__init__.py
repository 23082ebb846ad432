"""The routes of the anonymiser: parse, one workflow, respond."""
