"""How good timbre transfer sounds."""
