"""
The same work by other Python stream processors: decode, keyed windows, rules, a decision a transaction.

The applications run in an environment of their own (`requirements/peers.in`), in which
this project is not installed: they and `verdict` import nothing of ours.
"""
