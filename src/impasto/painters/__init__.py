"""What paints: trained generators with all they need, and how to load them."""
