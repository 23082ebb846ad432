"""The anonymisation library against the field: ARX where it can do the work, an aim elsewhere."""
