"""Mistakes in a configuration, found before any data is read."""
