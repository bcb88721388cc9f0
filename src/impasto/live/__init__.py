"""A camera, a clip or the screen through a model in real time: capturing, painting, showing."""
