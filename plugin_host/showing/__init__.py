"""Pictures, the demo, and the timing of blocks."""
