"""What an account's past says about a transaction: (history, event) -> (history, snapshot)."""

from udfs.features.engine import Observation, is_duplicate, observe
from udfs.features.history import LIMITS, AccountHistory, Limits
from udfs.features.names import BY_NAME, FEATURES, Feature, Snapshot
from udfs.features.profile import Profile, newer, profile_of

__all__ = [
    "BY_NAME",
    "FEATURES",
    "LIMITS",
    "AccountHistory",
    "Feature",
    "Limits",
    "Observation",
    "Profile",
    "Snapshot",
    "is_duplicate",
    "newer",
    "observe",
    "profile_of",
]
