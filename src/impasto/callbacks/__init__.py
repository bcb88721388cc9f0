"""What happens around training: samples, evaluation, checkpoints, guards, progress."""
