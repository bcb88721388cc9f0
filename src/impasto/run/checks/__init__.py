"""Checks of a configuration, before any data is read."""
