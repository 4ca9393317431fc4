"""Playing through a sound card."""
