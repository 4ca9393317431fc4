"""Streaming neural instruments and effects in PyTorch: blocks, models, losses, training."""
