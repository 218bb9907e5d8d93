"""
The rule language, its evaluator and the built-in book.

Rule: nothing is imported here, as in `udfs.features`.
"""
