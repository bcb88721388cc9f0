"""What ``import impasto`` offers: models that paint, styles that are learnt, and measurements."""
