"""Pure mathematics on addresses, prefixes and pools.

Nothing in here reads, writes, waits or keeps the time; randomness is passed
in. Addresses are `ipaddress` objects at the edges and integers inside.
"""
