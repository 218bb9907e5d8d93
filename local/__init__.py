"""The local stack: the production services as processes, a generator and replay."""
