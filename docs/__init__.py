"""Documentation; `python -m docs.generate` writes the parts of it that the code knows better."""
