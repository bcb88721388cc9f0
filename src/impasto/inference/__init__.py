"""Painting with a trained model: from noise, pictures and folders, in tiles, as a stream of events."""
