"""The embedded deployment: all seven bodies on one machine, each a process with its own folder, keys and database.

In production each organisation runs `python -m services.serve BODY` with its own settings; this package is the only
code that touches more than one body's folder, and only to make them.
"""
