"""From trained torch modules to model files that prove themselves."""
