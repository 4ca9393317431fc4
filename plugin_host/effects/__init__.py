"""Models as effects: beside pedalboard's plugins, in chains, calibrated, crossed."""
