"""What is known of the real pictures, kept on disk."""
