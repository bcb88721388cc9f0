"""One run around its training: building, checking, resuming and recording it."""
