"""Which charset an old text has, and decoding it in chunks."""
