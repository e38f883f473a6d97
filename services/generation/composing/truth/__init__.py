"""The verifier of all that is written for a person: a library of its own, which imports nothing that composes."""

from services.generation.composing.truth.check import Untruth, Verifier, require_truth, untruths
from services.generation.composing.truth.remembered import KnownEvidence

__all__ = ["KnownEvidence", "Untruth", "Verifier", "require_truth", "untruths"]
