"""Parts of a stand-in of QuickBooks Online: a company as a view of the ledger, and its queries."""
