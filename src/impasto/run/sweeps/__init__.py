"""Trials of a sweep and the table of their results."""
