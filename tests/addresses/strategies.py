"""Networks, ranges, pools and held addresses for the property tests."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from random import Random

from hypothesis import strategies as st

from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork, address_of

BITS = {4: 32, 6: 128}

versions = st.sampled_from([4, 6])
randoms = st.integers(0, 2**32).map(Random)


def _network(version: int, number: int, prefix_length: int) -> IPNetwork:
    kind = IPv4Network if version == 4 else IPv6Network
    return kind((number, prefix_length), strict=False)


def networks(version: int | None = None, shortest: int = 0) -> st.SearchStrategy[IPNetwork]:
    """CIDRs; half of them with the longest prefix lengths, where the special cases are."""

    def of_version(chosen: int) -> st.SearchStrategy[IPNetwork]:
        bits = BITS[chosen]
        lengths = st.integers(bits - 4, bits) | st.integers(shortest, bits)
        return st.builds(_network, st.just(chosen), numbers(chosen), lengths)

    return (versions if version is None else st.just(version)).flatmap(of_version)


def numbers(version: int) -> st.SearchStrategy[int]:
    """Values of addresses, the ends of the whole space included."""
    top = (1 << BITS[version]) - 1
    return st.integers(0, top) | st.integers(0, 3) | st.integers(top - 3, top)


addresses: st.SearchStrategy[IPAddress] = versions.flatmap(
    lambda version: numbers(version).map(lambda number: address_of(version, number))
)

small_networks = st.sampled_from(
    [
        ip_network(text)
        for text in (
            *("10.0.0.0/32", "10.0.0.2/31", "10.0.0.4/30", "10.0.0.8/29", "255.255.255.192/26"),
            *("2001:db8::/128", "2001:db8::2/127", "2001:db8::4/126", "2001:db8::8/125"),
            "0.0.0.0/27",
        )
    ]
)
"""CIDRs whose addresses can be listed."""


@st.composite
def disjoint_ranges(
    draw: st.DrawFn, *, least: int = 0, most: int = 5, longest: int = 40, shuffled: bool = True
) -> tuple[AddressRange, ...]:
    """Ranges of one IP version that share no address and can be listed; some touch."""
    version = draw(versions)
    start = draw(st.sampled_from([0, 0x0A000000, (1 << BITS[version]) - most * longest * 2]))
    shape = draw(
        st.lists(
            st.tuples(st.integers(0, longest - 1), st.integers(1, longest)),
            min_size=least,
            max_size=most,
        )
    )
    ranges = []
    for space, length in shape:
        ranges.append(AddressRange(version, start + space, start + space + length - 1))
        start += space + length
    return tuple(draw(st.permutations(ranges))) if shuffled else tuple(ranges)


def members(ranges: tuple[AddressRange, ...]) -> list[int]:
    """All the addresses of ranges that can be listed, range by range."""
    return [number for one in ranges for number in range(one.first, one.last + 1)]


@st.composite
def held_in(draw: st.DrawFn, ranges: tuple[AddressRange, ...]) -> frozenset[int]:
    """Held addresses: none, some, nearly all or all of the ranges', and some beside them."""
    inside = members(ranges)
    portion = draw(st.sampled_from([0.0, 0.1, 0.5, 0.95, 1.0]))
    random = draw(randoms)
    held = {number for number in inside if random.random() < portion}
    beside = {max(one.first - 1, 0) for one in ranges} | {one.last + 1 for one in ranges}
    return frozenset(held | (beside - set(inside) if draw(st.booleans()) else set()))
