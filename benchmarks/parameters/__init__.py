"""How well synths' parameters are found."""
