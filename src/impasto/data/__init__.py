"""Data modules, sources, packing and the embedded pictures."""
