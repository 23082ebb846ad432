"""The accredited anonymiser: opens what people permitted for research, in memory, and releases checked tables only."""
