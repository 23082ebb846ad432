"""The routes of My Portal: parse, one workflow, respond."""
