"""One running instance of a model: blocks of any size and rate in, controls that ramp, exact latency."""
