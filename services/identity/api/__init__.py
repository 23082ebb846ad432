"""Routes of the ID centre: parse, call one workflow, answer."""
