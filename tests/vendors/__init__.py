"""Stand-ins of accounting platforms, servers of their own, held to the vendors' contracts.

Each speaks one vendor's protocol over real HTTP, keeps state, and shows books of
``sandbox.ledger``, so that every figure can be checked.
"""
