"""Ways to play a model of grains: its map, walks through it, hits, and what lies between two of them."""
