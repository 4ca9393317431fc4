"""Sets of new one-shots: how fast they are made, how many are fit for a sampler, and how different they are."""
