"""The routes of the product safety centre: parse, one workflow, respond."""
