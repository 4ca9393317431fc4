"""The command line: one file per command, each light to import and heavy only when it is called."""
