"""The adapter of Xero's Accounting API."""

from connections.platforms.xero.platform import Xero

__all__ = ["Xero"]
