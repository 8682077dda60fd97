"""The contract between whoever wants addresses and whoever chooses them.

`requests` says what can be asked for, `driver` who answers, `loader` how a
driver is found by name, and `compensations` how a driver that keeps its
books outside of our transaction is made to forget a failed attempt.
"""
