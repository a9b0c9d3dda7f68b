"""The ledger's records as Xero shows them."""

from tests.vendors.xero.views.base import day_text, ms_date
from tests.vendors.xero.views.documents import Documents
from tests.vendors.xero.views.entries import Entries
from tests.vendors.xero.views.parties import Parties

__all__ = ["Views", "day_text", "ms_date"]


class Views(Parties, Documents, Entries):
    """All that one organization shows."""
