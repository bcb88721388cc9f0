"""Clips: frames read with their times, and written with the sound they came with; stands on base and PyAV alone."""
