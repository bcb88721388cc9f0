"""What the entry scripts do with their command line."""
