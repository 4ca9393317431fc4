"""The host: plays model files in streams, chains, Csound scores and folders of files, with neither torch nor training."""
