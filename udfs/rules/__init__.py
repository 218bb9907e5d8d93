"""The rule language, its evaluator and the built-in book."""

from udfs.rules.book import RuleBook, built_in_text, load_book
from udfs.rules.errors import BookError, ExpressionError
from udfs.rules.evaluate import RuleOutcome, apply, evaluate
from udfs.rules.judge import judge
from udfs.rules.rule import CompiledRule, Rule

__all__ = [
    "BookError",
    "CompiledRule",
    "ExpressionError",
    "Rule",
    "RuleBook",
    "RuleOutcome",
    "apply",
    "built_in_text",
    "evaluate",
    "judge",
    "load_book",
]
