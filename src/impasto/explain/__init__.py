"""What goes on inside a trained model: directions, walks, projections, attention and attributions, on one page."""
