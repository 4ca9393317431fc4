"""One-shots that are made again, drawn and played, and what would be trivial."""
