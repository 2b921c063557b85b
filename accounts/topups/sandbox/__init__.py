"""Counterparts of our own to run the gateways against, each a server by itself: no Django, no database."""
