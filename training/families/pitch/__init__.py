"""The pitch tracker, trained on synthesised sounds."""
