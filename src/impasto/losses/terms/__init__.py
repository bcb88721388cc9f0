"""Terms of the generator's loss beside the adversarial one."""
