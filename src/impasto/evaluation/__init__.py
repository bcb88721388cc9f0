"""Measuring painters: protocols, the figures they are made of, and features of the real pictures."""
