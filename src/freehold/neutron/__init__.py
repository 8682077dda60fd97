"""Freehold inside of Neutron: the IPAM driver ``freehold``, on Neutron's own tables.

`driver` is what Neutron loads, and with `subnets`, `prefixes` and `refusals` all
that imports it. The rest knows Neutron by its tables only: `ledger` keeps who
holds which address there, for the same choosing of addresses as the service has
(`freehold.drivers`), and `audit` compares them with each other.

Invariants:

- Nothing is kept but in Neutron's tables, in its spelling, by the transaction
  that Neutron hands over. So the driver ``internal`` and this one can take turns
  on one database, even side by side.
- Callers catch errors by class: they are Neutron's.
"""
