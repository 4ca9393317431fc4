"""Finding a synth's parameters in a sound, and refining them by rendering."""
