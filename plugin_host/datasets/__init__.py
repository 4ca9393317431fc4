"""Sounds of a synth by the thousand: drawn, rendered, kept, read back."""
