"""Data sets: thousands of sounds of a synth and their parameters, made and read back."""
