"""Where webhooks may lead: a URL that an operator types must not make us talk to our own house."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_Address = IPv4Address | IPv6Address
#: Where EC2 keeps credentials under IPv6; its IPv4 address is link-local.
_METADATA = frozenset({ip_address("fd00:ec2::254")})


class UnusableAddress(Exception):
    """No webhook may lead there; the message says why."""


def check_url(url: str, *, plain_http: bool) -> None:
    """See whether a webhook may lead to a URL, by what its name stands for just now.

    Link-local addresses are where clouds keep the credentials of machines. They are refused, as are
    addresses of no single machine.

    Parameters
    ----------
    plain_http : bool
        Whether http is allowed, to this machine and private networks.

    Raises
    ------
    UnusableAddress
        If it may not.
    OSError
        If its name cannot be looked up.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UnusableAddress("the URL cannot be read") from error
    if not host or parts.username or parts.password:
        raise UnusableAddress("the URL has to name a host, and no user or password")
    if parts.scheme != "https" and not (parts.scheme == "http" and plain_http):
        raise UnusableAddress("the URL has to begin with https://")
    for address in _addresses(host, port or (443 if parts.scheme == "https" else 80)):
        if _leads_nowhere(address):
            raise UnusableAddress(f"{host} stands for an address that no webhook may lead to")
        if parts.scheme == "http" and not (address.is_private or address.is_loopback):
            raise UnusableAddress(f"{host} is public, and http is for private networks alone; use https")


def _leads_nowhere(address: _Address) -> bool:
    if address.is_loopback:  # of IPv6's, Python says that it is reserved
        return False
    return (
        address in _METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )


def _addresses(host: str, port: int) -> set[_Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # an IPv6 address may come with its scope
    plain = {ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}
    return {(address.version == 6 and address.ipv4_mapped) or address for address in plain}
