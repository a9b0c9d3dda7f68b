"""An accounting platform to develop and test against: its own OAuth pages, API, books and faults.

It is a separate HTTP server that shares no code with the rest of the product.
"""
