"""Who holds which address: the truth, and nothing but.

`protocol` is the contract, `memory` and `sql` keep it. A ledger neither
chooses nor judges addresses; it records claims, and refuses the second one.
"""
