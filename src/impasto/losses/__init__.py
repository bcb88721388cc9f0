"""Pure functions and small callables: adversarial losses, penalties, contrastive and perceptual losses."""
