"""Books that are generated from a double-entry ledger, the same for the same business and epoch."""
