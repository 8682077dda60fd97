"""IPAM drivers. `reference` is the one over Freehold's own ledger."""
