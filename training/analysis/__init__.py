"""What several families hear with: pitch tracker and loudness."""
