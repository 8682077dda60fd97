"""Timing one operation of each contender in turn, on subnets that stay as they are said to be.

Whatever else the machine does in between hits all contenders alike, so that the
ratio of two figures of one run means something where neither figure does.

An allocation changes the fill that it is measured at. So after every few
operations (`bench.layouts.Layout.batch`: a quarter of what is free, at most 64)
the subnet is brought back to its layout by plain statements, behind the back of
the one that is measured. Where the addresses lie in a run, exactly that run is
held again. Where they lie at random, as many others as were handed out are
freed at random: an allocator that remembers what it saw free is not told, as if
another process had freed them. At 99.9 % of a /16, with 65 free, that happens
after every 16 allocations.

On a full subnet, "allocate", "next" and "specific" measure the refusal; raw
INSERTs, to compare, an address that was freed for it right before.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import TypeVar

from bench.contenders.contender import Contender
from bench.layouts import Books, Layout, Order


class Operation(Enum):
    """What is measured."""

    ALLOCATE = "allocate"
    RELEASE = "release"
    NEXT = "next"
    SPECIFIC = "specific"
    BULK = "bulk"


T = TypeVar("T")

ONE_BY_ONE = (Operation.ALLOCATE, Operation.RELEASE, Operation.NEXT, Operation.SPECIFIC)
WARM_UP = 6
"""Operations before the first one that counts: connections, caches, prepared statements."""

FEWEST = 2


class Unexpected(Exception):
    """A contender did what it must not: the figure would mean nothing."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one contender's operations took, in seconds, and on a subnet of what layout."""

    contender: str
    layout: Layout
    seconds: tuple[float, ...]


class Room:
    """One contender and its subnet, with the books of what is held there.

    Args:
        contender: goes on with a new subnet.
        layout: what the subnet is like; nothing is held yet.
        bulk_size: how many addresses are asked for at once.
    """

    def __init__(self, contender: Contender, layout: Layout, bulk_size: int = 1) -> None:
        self._bulk_size = bulk_size
        self.contender = contender
        self.layout = layout
        self._books = Books(layout.pool, Random(0))
        self._since = 0
        contender.take_up(layout.cidr)

    def lay_out(self, layout: Layout) -> None:
        """Make the subnet be like this; the contender starts anew."""
        self.layout = layout
        self._since = 0
        self._bring_back()
        self.contender.restart()

    def time(self, operation: Operation) -> float:
        """Carry out an operation, and return how long it took."""
        if operation is Operation.RELEASE:
            return self._time_release()
        full = self._books.is_full
        if full:
            told = self._books.some_held(1)
            if not self.contender.looks:
                self._free(told)
                full = False
        else:
            told = self._books.some_free(self._bulk_size if operation is Operation.BULK else 1)
        taken, seconds = self._timed(lambda: self._hand_out(operation, told))
        if (not taken) is not full:
            raise Unexpected(f"{self.contender.name}: {operation} on a subnet, full: {full}")
        self._books.add(taken)
        return seconds

    def keep(self, *, at_once: bool) -> None:
        """Bring the subnet back to its layout, if it is time to or has to be at once."""
        self._since += 1
        if at_once or self._since >= self.layout.batch:
            self._since = 0
            self._bring_back()

    def _time_release(self) -> float:
        if not len(self._books):
            self._hold(self._books.some_free(self.layout.batch))
        [number] = self._books.some_held(1)
        _none, seconds = self._timed(lambda: self.contender.release(number))
        self._books.remove([number])
        return seconds

    def _hand_out(self, operation: Operation, told: Sequence[int]) -> Sequence[int]:
        """Return what was handed out: nothing, if that was refused."""
        try:
            match operation:
                case Operation.ALLOCATE:
                    return [self.contender.allocate(told[0])]
                case Operation.NEXT:
                    return [self.contender.take_next(told[0])]
                case Operation.SPECIFIC:
                    self.contender.take(told[0])
                    return told
                case _:
                    return self.contender.bulk(told)
        except self.contender.refusals:
            return []

    def _timed(self, work: Callable[[], T]) -> tuple[T, float]:
        begun = time.perf_counter()
        result = work()
        return result, time.perf_counter() - begun

    def _bring_back(self) -> None:
        if self.layout.order is Order.RUN:
            run = range(self.layout.pool.first, self.layout.pool.first + self.layout.held)
            self._free([number for number in self._books if number not in run])
            if len(self._books) < self.layout.held:
                self._hold([number for number in run if number not in self._books])
            return
        surplus = len(self._books) - self.layout.held
        if surplus > 0:
            self._free(self._books.some_held(surplus))
        elif surplus < 0:
            self._hold(self._books.some_free(-surplus))

    def _hold(self, numbers: Sequence[int]) -> None:
        self.contender.hold(numbers)
        self._books.add(numbers)

    def _free(self, numbers: Sequence[int]) -> None:
        self.contender.free(numbers)
        self._books.remove(numbers)


def measure(rooms: Sequence[Room], operation: Operation, turns: int) -> Sequence[Timed]:
    """Time an operation so often with each contender, in turn.

    A contender that would take longer than its patience allows is asked less
    often, at even distances among the others.
    """
    every = [_distance(room, operation, turns) for room in rooms]
    seconds: list[list[float]] = [[] for _room in rooms]
    gc.collect()
    for turn in range(turns):
        for room, distance, taken in zip(rooms, every, seconds, strict=True):
            if turn % distance == 0:
                taken.append(room.time(operation))
                room.keep(at_once=operation is Operation.BULK)
                if distance > 1:
                    # It left more behind than the others should have to clear away.
                    gc.collect()
    for room in rooms:
        room.keep(at_once=True)
    return [
        Timed(room.contender.name, room.layout, tuple(taken))
        for room, taken in zip(rooms, seconds, strict=True)
    ]


def _distance(room: Room, operation: Operation, turns: int) -> int:
    """Warm a contender up, and return each how manieth turn it has the time for."""
    taken = room.time(operation)
    room.keep(at_once=operation is Operation.BULK)
    if taken * turns > room.contender.patience:
        affordable = max(FEWEST, int(room.contender.patience / taken))
        return max(1, turns // affordable)
    for _ in range(WARM_UP - 1):
        room.time(operation)
        room.keep(at_once=operation is Operation.BULK)
    return 1
