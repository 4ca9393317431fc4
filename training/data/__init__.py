"""Recordings: found, read, split, analysed."""
