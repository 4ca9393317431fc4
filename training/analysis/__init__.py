"""What several families analyse sound with: the pitch tracker and loudness."""
