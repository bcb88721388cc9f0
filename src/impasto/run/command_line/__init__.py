"""The command line of the entry scripts."""
