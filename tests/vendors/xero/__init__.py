"""A stand-in of Xero: OAuth, tenants, the Accounting API and its limits, over real HTTP.

    with XeroServer() as xero:
        app = PlatformApp(base_url=xero.url, client_id=xero.client_id, …)
        callback = xero.consent(authorize_url, organisations=["Harbour Joinery"])

Every request and answer is held against Xero's OpenAPI documents where these are at hand; what
breaks them is in ``xero.violations``, and a test should end with that empty.
"""

from tests.vendors.xero.server import XeroServer

__all__ = ["XeroServer"]
