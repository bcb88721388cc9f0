"""Figures of sets of pictures: distances, statistics, diversity, copies."""
