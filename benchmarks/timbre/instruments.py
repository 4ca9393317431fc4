"""The instruments that are bundled."""

INSTRUMENTS = "cello,clarinet,flute,french-horn,oboe,saxophone,trombone"
"""Their names, as a command line takes them."""
