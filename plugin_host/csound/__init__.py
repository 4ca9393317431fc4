"""Models as Csound opcodes, and orchestras that use them."""
