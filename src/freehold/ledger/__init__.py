"""Who holds which address: the truth, and nothing but.

`protocol` is the contract, `memory` and `sql` keep it; what is done in SQL has a
module for each thing that is done. A ledger neither
chooses nor judges addresses; it records claims, and refuses the second one.
"""
