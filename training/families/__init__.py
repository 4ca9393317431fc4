"""The families of models, a room for each."""
