"""Everything a run does besides training: set-up, resume, provenance, summary."""
