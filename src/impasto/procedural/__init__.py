"""The procedural painter: lays strokes over a photograph; the same parameters, a *hand*, look like the same artist."""
