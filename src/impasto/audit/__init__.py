"""What a trained model gives away of the pictures that it was trained on."""
