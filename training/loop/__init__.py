"""What all trainings share: trainer, run folder, losses of spectra."""
