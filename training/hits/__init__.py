"""What families of hits and notes share: how sounds are read, heard, compared and played."""
