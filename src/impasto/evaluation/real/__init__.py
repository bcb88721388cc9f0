"""Features and classifiers of the real pictures, kept on disk."""
