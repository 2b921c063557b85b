"""How the shop's facts look on the wire, dialect by dialect."""
