"""Holds what the product did against what others know of it, with none of its code."""

from chaos.oracle.verdict import Verdict

__all__ = ["Verdict"]
