"""The tree of errors as its package draws it is the tree that there is."""

import pickle
import pkgutil
from importlib import import_module
from itertools import takewhile

from freehold import errors
from freehold.errors import FreeholdError

BRANCHES = "│├└─ "


def drawn() -> list[tuple[str, str, int]]:
    """Return each name below the root in the drawing, with what it is under and its status."""
    lines = (errors.__doc__ or "").splitlines()
    root = next(at for at, line in enumerate(lines) if "FreeholdError" in line)
    above = [("FreeholdError", int(FreeholdError.status))]
    found = []
    for line in takewhile(str.strip, lines[root + 1 :]):
        name, *told = line.lstrip(BRANCHES).split()
        del above[line.index(name) // 4 - 1 :]
        parent, status = above[-1]
        above.append((name, int(told[0]) if told else status))
        found.append((name, parent, above[-1][1]))
    return found


def test_the_tree_is_drawn_as_it_is() -> None:
    kinds = {name: getattr(errors, name) for name in errors.__all__}
    there = [
        (name, kind.__base__.__name__, int(kind.status))
        for name, kind in kinds.items()
        if issubclass(kind, FreeholdError) and kind is not FreeholdError
    ]
    assert sorted(drawn()) == sorted(there)


def test_each_error_of_a_theme_is_to_be_had_from_the_package() -> None:
    themes = [
        import_module(f"{errors.__name__}.{theme.name}")
        for theme in pkgutil.iter_modules(errors.__path__)
    ]
    there = {
        name
        for theme in themes
        for name, kind in vars(theme).items()
        if isinstance(kind, type) and kind.__module__.startswith(errors.__name__)
    }
    assert len(themes) > 1
    assert there == set(errors.__all__)


def test_an_error_is_named_by_where_it_is_imported_from() -> None:
    named = {getattr(errors, name).__module__ for name in errors.__all__}
    assert named == {"freehold.errors"}


def test_errors_come_out_of_another_process_as_they_went_in() -> None:
    refusal = errors.Refusal(errors.Reason.POOL_EXHAUSTED, "It is full.", "s", figures={"held": 9})
    for error in (
        errors.DatabaseUnavailable(),
        errors.SubnetNotFound("s"),
        errors.InvalidInput("no", refusals=[refusal]),
        errors.IpAddressGenerationFailureAllSubnets([refusal]),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # it is our own
        assert (type(again), again.args, vars(again)) == (type(error), error.args, vars(error))
        assert str(again) == error.message
