"""Routes of the resident registry: parse, call one workflow, answer."""
