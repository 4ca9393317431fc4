"""Measures, recordings and reports that several benchmarks use."""
