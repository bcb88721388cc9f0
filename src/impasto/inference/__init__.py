"""Using a trained model: loading, tiling, painting folders."""
