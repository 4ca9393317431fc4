"""Differentiable signal processing: oscillator, noise, reverb, all-pole filters."""
