"""Run the command line as ``python -m plugin_host.commands``."""

from .app import main

if __name__ == "__main__":
    main()
