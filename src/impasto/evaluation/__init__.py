"""Feature extractors, distances, image metrics and the evaluator."""
