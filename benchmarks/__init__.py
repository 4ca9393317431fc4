"""Measurements run on demand: sound quality, pitch, speed."""
