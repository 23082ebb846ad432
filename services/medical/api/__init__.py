"""The medical centre's routes: parse, call one workflow, respond."""
