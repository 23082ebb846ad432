"""What every body needs and none owns: settings, database, keys, credentials, problems, log, server."""
