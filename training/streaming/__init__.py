"""The streaming contract, and the small blocks that models are built from."""
