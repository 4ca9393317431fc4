"""A synth's parameters, heard in its sounds."""
