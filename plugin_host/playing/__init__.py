"""A loaded model, its golden check, and whole recordings."""
