"""The records of a run in its folder, and resuming from them."""
