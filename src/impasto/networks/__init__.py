"""Plain torch.nn: generators, discriminators, encoders and their layers."""
