"""The ID centre's use cases, one transaction each; every decision is in the log, refusals too."""
