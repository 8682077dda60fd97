"""Workers that allocate and release while their databases fail, and a check of every promise made.

``make soak`` runs it for minutes (`soak.__main__`), ``make test`` for seconds
(``tests/soak``). What was acknowledged is in journals that the workers write
(`soak.journal`), what is true in the ledger of each server; `soak.checking` compares them.
"""
