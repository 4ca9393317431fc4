"""How well and how soon pitch is tracked."""
