"""How well hits are made again, and what would be trivial."""
