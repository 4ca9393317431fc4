"""Synthesisers written in Csound: what they declare, presets, rendering."""
