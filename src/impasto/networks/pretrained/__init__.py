"""Frozen networks that measure pictures and guide training."""
