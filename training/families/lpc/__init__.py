"""All-pole (LPC) filters, heard in sounds, and sounds made with them."""
