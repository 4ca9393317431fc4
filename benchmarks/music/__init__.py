"""Benchmarks of music: how surprising songs kept aside are, and what is made over minutes."""
