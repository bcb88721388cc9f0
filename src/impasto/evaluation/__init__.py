"""Measuring painters: protocols, the figures they are made of, and what is known of the real pictures."""
