"""A real Tryton in an environment of its own, filled with a company's books by us.

``python -m tests.real.tryton`` serves it; with ``--check`` Ledgerport links and pulls it.
"""
