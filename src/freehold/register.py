"""The face of the library: a register of addresses on somebody else's connection.

One `Register` serves all threads of a program. It opens an `OpenRegister` on a
connection of the program's own SQLAlchemy engine, and all that is done there
is part of that connection's transaction: the program commits it or rolls it
back, Freehold does neither. Nothing is registered on the engine; the one connection may
be listened to, for a rollback.

Invariants: one address of a subnet has one holder at most; a refusal changes
nothing and leaves the transaction usable.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from uuid import uuid4

from sqlalchemy import Connection

from freehold.addresses.gateway import check_gateway
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.drivers.pool import LedgerPool, Memory
from freehold.errors import InvalidInput, SubnetNotFound
from freehold.ipam.allocation import Allocation
from freehold.ipam.driver import Pool, Subnet, Surroundings
from freehold.ipam.requests import (
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)
from freehold.ipam.strategy import LONGEST_COOL_DOWN, Strategy
from freehold.ledger.protocol import Ledger, LedgerSubnet
from freehold.ledger.rollbacks import at_rollback
from freehold.ledger.sql import SqlLedger
from freehold.ledger.sqlite import take_turn_to_write
from freehold.ledger.tables import metadata

ID_LENGTH = 36
HOLDER_LENGTH = 255


def create_tables(connection: Connection) -> None:
    """Make the ledger's tables where they are missing, in the connection's transaction.

    A program that migrates its schema with Alembic takes `metadata` instead.
    """
    metadata.create_all(connection)


class Register:
    """A register of addresses; one for all threads of a program.

    Args:
        surroundings: randomness, clock, how subnets choose addresses that do not
            say it themselves, and whether history is kept. By default the
            system's, at random, and yes.
    """

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self._surroundings = surroundings or Surroundings()
        self._memory = Memory()

    def open(self, connection: Connection) -> "OpenRegister":
        """Open the register for one transaction.

        Args:
            connection: of any engine; its transaction is begun by the first
                statement if it is not begun yet, as ever in SQLAlchemy.
        """
        ledger = SqlLedger(
            connection, self._surroundings.now, keep_history=self._surroundings.keep_history
        )
        rollbacks = partial(at_rollback, connection)
        pool = LedgerPool(ledger, self._memory, self._surroundings, rollbacks)
        return OpenRegister(connection, ledger, pool, self._surroundings)


class OpenRegister:
    """The register in one transaction; made by `Register.open`, for one thread."""

    def __init__(
        self, connection: Connection, ledger: Ledger, pool: Pool, surroundings: Surroundings
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._pool = pool
        self._now = surroundings.now
        self._writes = False

    # Subnets

    def create_subnet(
        self,
        cidr: str | IPNetwork,
        *,
        subnet_id: str | None = None,
        gateway: str | IPAddress | None = None,
        pools: Iterable[tuple[str, str]] | None = None,
        strategy: Strategy | str | None = None,
        cool_down: timedelta | None = None,
    ) -> LedgerSubnet:
        """Take up a subnet.

        Args:
            cidr: such as ``10.0.0.0/16``; without host bits.
            subnet_id: 1 to 36 characters; a UUID is made by default.
            gateway: an address that is not handed out from the pools.
            pools: first and last address of each range to hand out from; by
                default all that a subnet can hand out, without the gateway.
            strategy: how addresses are chosen; by default as the register does.
            cool_down: how long a released address rests before it is handed out
                again, where the strategy asks for that: whole seconds, up to 30
                days; by default as long as the register says.

        Raises:
            InvalidInput: a text is no CIDR, address or strategy, or the id is too
                long, or the gateway or the cool-down cannot be one.
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            SubnetAlreadyExists: the id is taken.
        """
        network = _network(cidr)
        gateway_ip = None if gateway is None else _address(gateway)
        if gateway_ip is not None:
            check_gateway(network, gateway_ip)
        if cool_down is not None and cool_down.microseconds:
            raise InvalidInput("a cool-down has whole seconds")
        ranges = None if pools is None else tuple(AddressRange.parse(*ends) for ends in pools)
        name = str(uuid4()) if subnet_id is None else subnet_id
        _check_name("a subnet's id", name, ID_LENGTH)
        self._begin_writing()
        self._pool.allocate_subnet(
            SpecificSubnetRequest(
                subnet_id=name,
                cidr=network,
                gateway_ip=gateway_ip,
                allocation_pools=ranges,
                strategy=None if strategy is None else _strategy(strategy),
                cool_down=cool_down,
            )
        )
        return self.subnet(name)

    def subnet(self, subnet_id: str) -> LedgerSubnet:
        """Return what the register knows of a subnet.

        Raises:
            SubnetNotFound: it does not know it.
        """
        found = self._ledger.get_subnets([subnet_id])
        if not found:
            raise SubnetNotFound(subnet_id)
        return found[0]

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet, and with it whatever of it is still held.

        Raises:
            SubnetNotFound: the register does not know it.
        """
        self._begin_writing()
        self._pool.remove_subnet(subnet_id)

    # Addresses

    def allocate(self, subnet_id: str, holder: str) -> IPAddress:
        """Hand out any free address of the pools, chosen by the subnet's strategy.

        Raises:
            IpAddressGenerationFailure: all addresses of the pools are held, or
                were released too lately.
            AllocationContention: others were faster, again and again.
            SubnetNotFound: there is no such subnet.
            InvalidInput: the holder's name is empty or too long.
        """
        _check_holder(holder)
        return self._to_write(subnet_id).allocate(AnyAddressRequest(holder=holder))

    def allocate_next(self, subnet_id: str, holder: str) -> IPAddress:
        """Hand out the lowest free address of the pools.

        In pools of more than 1,024 addresses, one below those handed out lately that
        another register released comes ten seconds later at the most.

        Raises:
            As `allocate`.
        """
        _check_holder(holder)
        return self._to_write(subnet_id).allocate(PreferNextAddressRequest(holder=holder))

    def allocate_this(
        self,
        subnet_id: str,
        address: str | IPAddress,
        holder: str,
        *,
        allow_cooling: bool = False,
    ) -> IPAddress:
        """Hand out this address, be it in the pools or not.

        Args:
            subnet_id: the subnet.
            address: which one.
            holder: who is to hold it.
            allow_cooling: whether it may be had although it was released too lately.

        Raises:
            IpAddressAlreadyAllocated: somebody holds it, or it was released too lately.
            InvalidIpForSubnet: it is not in the subnet, or reserved there.
            SubnetNotFound: there is no such subnet.
            InvalidInput: it is no address, or the holder's name is empty or too long.
        """
        _check_holder(holder)
        request = SpecificAddressRequest(_address(address), allow_cooling, holder=holder)
        return self._to_write(subnet_id).allocate(request)

    def allocate_eui64(self, subnet_id: str, mac: str, holder: str) -> IPAddress:
        """Hand out the address that a host makes of its MAC address (RFC 4291, appendix A).

        Raises:
            IpAddressAlreadyAllocated: somebody holds it.
            InvalidInput: the subnet is no IPv6 /64, the MAC address is none, or
                the holder's name is empty or too long.
            SubnetNotFound: there is no such subnet.
        """
        _check_holder(holder)
        subnet = self._to_write(subnet_id)
        prefix = subnet.get_details().cidr
        return subnet.allocate(AutomaticAddressRequest(prefix, mac, holder=holder))

    def allocate_many(self, subnet_id: str, count: int, holder: str) -> list[IPAddress]:
        """Hand out several addresses of the pools at once, in few statements: all or none.

        Raises:
            IpAddressGenerationFailure: fewer than that are free.
            AllocationContention: others were faster, again and again.
            SubnetNotFound: there is no such subnet.
            InvalidInput: the count is less than 1, or the holder's name is empty or
                too long.
        """
        _check_holder(holder)
        if count < 1:
            raise InvalidInput(f"1 address or more can be asked for at once, not {count}")
        request = BulkAddressRequest(count, holder=holder)
        return self._to_write(subnet_id).bulk_allocate(request)

    def release(self, subnet_id: str, address: str | IPAddress) -> None:
        """Take an address back, whoever holds it.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetNotFound: there is no such subnet.
            InvalidInput: it is no address.
        """
        self._to_write(subnet_id).deallocate(_address(address))

    # What is held

    def find(self, subnet_id: str, address: str | IPAddress) -> Allocation | None:
        """Return who holds an address, and since when; None if nobody does.

        Raises:
            SubnetNotFound: there is no such subnet.
            InvalidInput: it is no address.
        """
        wanted = _address(address)
        # ::ffff:10.0.0.1 and 10.0.0.1 are one to a ledger, and two to a subnet.
        if wanted.version != self._pool.get_subnet(subnet_id).get_details().cidr.version:
            return None
        return self._ledger.find(subnet_id, wanted)

    def held(
        self, subnet_id: str, *, after: str | IPAddress | None = None, limit: int | None = None
    ) -> list[Allocation]:
        """Return what is held in a subnet, by ascending address.

        Args:
            subnet_id: the subnet.
            after: begin behind this address: the last one of the page before.
            limit: no more than this many; None for all.

        Raises:
            SubnetNotFound: there is no such subnet.
            InvalidInput: ``after`` is no address of the subnet.
        """
        cidr = self._pool.get_subnet(subnet_id).get_details().cidr
        within = AddressRange.of_network(cidr)
        if after is None:
            return self._ledger.allocations(subnet_id, within, limit)
        last = _address(after)
        if last not in within:
            raise InvalidInput(f"'{last}' is not an address of {cidr}")
        if int(last) == within.last:
            return []
        rest = AddressRange(within.version, int(last) + 1, within.last)
        return self._ledger.allocations(subnet_id, rest, limit)

    # What was held

    def history(
        self,
        address: str | IPAddress,
        *,
        subnet_id: str | None = None,
        at: datetime | None = None,
        limit: int | None = None,
    ) -> list[Allocation]:
        """Return who holds and who held an address, those who got it last first.

        Args:
            address: the address.
            subnet_id: in this subnet only, be it removed by now; None for any.
            at: only who held it at this time, which knows its zone.
            limit: no more than this many; None for all.

        Raises:
            HistoryNotKept: the register keeps none.
            InvalidInput: it is no address, or the time has no zone.
        """
        if at is not None:
            _check_zone(at)
        return self._pool.history(_address(address), subnet_id=subnet_id, at=at, limit=limit)

    def forget_history(self, before: datetime, *, limit: int = 1000) -> int:
        """Forget some of those who gave an address back before some time.

        Addresses that were released longer ago than any cool-down lasts count as
        never held from then on, but may come after those that rest: a register that saw
        a subnet without any does not look for them again before nothing rests there
        that may be handed out.

        Args:
            before: the time, which knows its zone.
            limit: about how many at once.

        Returns:
            How many were forgotten; 0 if there are no more.

        Raises:
            InvalidInput: the time has no zone.
        """
        _check_zone(before)
        self._begin_writing()
        return self._pool.forget(before, self._now() - LONGEST_COOL_DOWN, limit)

    def _to_write(self, subnet_id: str) -> Subnet:
        self._begin_writing()
        return self._pool.get_subnet(subnet_id)

    def _begin_writing(self) -> None:
        if not self._writes:
            take_turn_to_write(self._connection)
            self._writes = True


def _network(cidr: str | IPNetwork) -> IPNetwork:
    try:
        return ip_network(cidr)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def _address(address: str | IPAddress) -> IPAddress:
    try:
        return ip_address(address)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def _strategy(name: str) -> Strategy:
    try:
        return Strategy(name)
    except ValueError:
        raise InvalidInput(f"a strategy is one of {', '.join(Strategy)}") from None


def _check_zone(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise InvalidInput(f"the time {moment} has no zone")


def _check_holder(holder: str) -> None:
    _check_name("a holder's name", holder, HOLDER_LENGTH)


def _check_name(what: str, text: str, most: int) -> None:
    """Refuse here what one database would refuse, and another cut off or keep."""
    if not 1 <= len(text) <= most:
        raise InvalidInput(f"{what} has 1 to {most} characters, not {len(text)}")
    if "\0" in text:
        raise InvalidInput(f"{what} has no character of the value 0")
