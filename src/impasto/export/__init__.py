"""Painters as files for other programs: ONNX, torch.export programs, and weights as safetensors."""
