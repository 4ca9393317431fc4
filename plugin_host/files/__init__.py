"""Run an effect over files and folders: whole output or none, constant memory, a record of what was made."""
