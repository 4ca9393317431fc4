"""Filling a sampler: sets of new one-shots, each of which knows its place, and instruments made of them."""
