"""The rule language, its evaluator and the built-in book."""
