"""The adapter of QuickBooks Online's Accounting API."""

from connections.platforms.quickbooks.platform import QuickBooks

__all__ = ["QuickBooks"]
