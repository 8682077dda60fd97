"""Claiming many addresses of pools that are so large that hardly any of them is taken.

Which ones are free, nobody asks: to read that, a database would go through all rows
of the subnet, since the addresses are in no order there. Some are claimed at random,
and others instead of those that were taken.
"""

from freehold.addresses.picking import sample_addresses
from freehold.addresses.ranges import IPAddress, address_of
from freehold.drivers.site import Site
from freehold.ledger.protocol import Claim, SubnetChanged

ROUNDS = 8


def claim_guessed(site: Site, count: int) -> list[IPAddress]:
    """Claim so many addresses of the pools, each choice as likely as any other.

    Returns:
        The addresses; none, and nothing stays claimed, if more of a guess is taken
        than is free, or if the subnet has changed. Then somebody has to look.
    """
    subnet = site.subnet
    claimed: list[IPAddress] = []
    if 2 * count > site.total:
        return []
    try:
        for _ in range(ROUNDS):
            numbers = sample_addresses(subnet.pools, count - len(claimed), site.random)
            guessed = {address_of(subnet.cidr.version, number) for number in numbers}
            claims = [Claim(address, None) for address in guessed.difference(claimed)]
            won = site.ledger.claim_many(subnet, claims)
            claimed += won
            if len(claimed) == count:
                site.claimed.update(map(int, claimed))
                return claimed
            if 2 * len(won) < len(claims):
                break
    except SubnetChanged:
        # Who looks is told so as well, and knows what follows from it.
        pass
    site.ledger.put_back(subnet.subnet_id, claimed, None)
    return []
