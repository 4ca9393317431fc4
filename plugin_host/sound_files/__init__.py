"""Sound files: which files are some, and reading and writing them in a process that may die of one."""
