"""The page: painting, learning a style, runs, and rating."""
