"""How near all-pole envelopes are to the true ones."""
