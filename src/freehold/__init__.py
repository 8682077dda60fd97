"""Freehold: the address register for clouds.

It decides which address is free, hands it out, holds it, takes it back, and
never gives one address to two owners.
"""

__version__ = "0.1.0"
