"""A stand-in of QuickBooks Online: OAuth, queries, changes, reports, limits, over real HTTP.

    with QuickBooksServer() as quickbooks:
        app = PlatformApp(base_url=quickbooks.url, client_id=quickbooks.client_id, …)
        callback = quickbooks.consent(authorize_url)

Every answer is held against Intuit's XSDs where these are at hand, every request against its
reference; what breaks them is in ``quickbooks.violations``, and a test should end with that empty.
"""

from tests.vendors.quickbooks.server import QuickBooksServer

__all__ = ["QuickBooksServer"]
