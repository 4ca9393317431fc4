"""How well synths' parameters are estimated."""
