"""What the host costs: per block, per cycle, over hours."""
