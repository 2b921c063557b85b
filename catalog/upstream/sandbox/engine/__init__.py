"""The sandbox's shop without a network: pure, thread-safe, on a clock that is handed in."""
