"""Where a request comes from, for those who look for whoever guesses passwords.

Without a proxy that is believed (`freehold.api.outside`) it is the other end of the connection.
With one it is what the proxy has seen: of the addresses that are named, the last. Those before it
are what the client, or a proxy that nobody has spoken of, has sent.

Invariant: what is returned is an address in its canonical form, and nothing else of what was sent.

Source: RFC 7239, section 4; ``X-Forwarded-For`` has no standard.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

LONGEST = 64
"""Characters of an address with its port, generously."""

_LAST_ELEMENT = re.compile(r'(?:^|,)([^,"]*(?:"[^"]*"[^,"]*)*)$')
_PAIR = re.compile(r'([A-Za-z]+)=("[^"]*"|[^;"]*)')


def canonical(text: object) -> str | None:
    """Return the address that a text consists of, be it with a port or not; None if it has none."""
    if not isinstance(text, str) or len(text) > LONGEST:
        return None
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # The name of an interface may be any text.
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def seen_by_proxy(environ: Mapping[str, object]) -> str | None:
    """Return the address that a proxy has seen, or the other end of the connection.

    Args:
        environ: of a request as it came from the proxy.

    Returns:
        The address; the connection's if the headers name none at all, and None if what
        they name is not an address.
    """
    # In the order of oslo.middleware.
    if forwarded := environ.get("HTTP_FORWARDED"):
        return canonical(_for_of_last(str(forwarded)))
    if listed := environ.get("HTTP_X_FORWARDED_FOR"):
        return canonical(str(listed).rpartition(",")[2])
    return canonical(environ.get("REMOTE_ADDR"))


def _for_of_last(header: str) -> str | None:
    """Return what ``Forwarded`` says of the client in its last element; None if that is unclear."""
    found = None if "\\" in header else _LAST_ELEMENT.search(header)
    if found is None:
        return None
    named = [value for name, value in _PAIR.findall(found[1]) if name.lower() == "for"]
    return named[0] if len(named) == 1 else None
