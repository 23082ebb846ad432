"""My Portal: static pages for people, and a relay that cannot use what it relays. It keeps sessions, nothing else."""
