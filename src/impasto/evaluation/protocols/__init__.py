"""Evaluation protocols: how painters of each kind are measured, and against what."""
