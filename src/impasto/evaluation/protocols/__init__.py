"""What is measured of a kind of model, and against what."""
