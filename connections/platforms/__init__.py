"""Accounting platforms by key. To add one, see docs/adapters.md."""
