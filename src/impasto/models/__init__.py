"""LightningModules: the one adversarial step, and one file per way of training."""
