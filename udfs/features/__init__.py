"""
What an account's and a merchant's past say about a transaction: (history, event) -> (history, snapshot).

Rule: nothing is imported here. Operators are loaded by several threads at once, and a package
that imports its own modules is then seen half made (ADR-0021).
"""
