"""The model file: its schema, its flat keys, how it is read, and the models that come with the package."""
