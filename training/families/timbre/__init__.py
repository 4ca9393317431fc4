"""Timbre transfer: an instrument learned from recordings (DDSP)."""
