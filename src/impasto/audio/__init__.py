"""Sound without networks: mel spectrograms and back, files, phrases made by code, and scores."""
