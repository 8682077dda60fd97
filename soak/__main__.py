"""``make soak``: let databases fail under load, and say what came of it."""

import argparse
import sys
import time
from collections.abc import Callable
from random import Random

from soak.report import render
from soak.running import Settings, soak
from soak.stages import opened

DATABASES = ("galera", "postgresql", "sqlite")


def main() -> int:
    """Run on each database that was asked for; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append", help="(all)")
    parser.add_argument("--minutes", type=float, default=3.0, help="on each database (3)")
    parser.add_argument("--workers", type=int, default=6, help="processes at work (6)")
    parser.add_argument("--seed", type=int, help="of choices and order; a new one by default")
    parser.add_argument("--quick", action="store_true", help="each disturbance once, and no more")
    options = parser.parse_args()
    seed = Random().randrange(1_000_000) if options.seed is None else options.seed
    settings = Settings(
        workers=options.workers,
        seconds=0.0 if options.quick else 60 * options.minutes,
        seed=seed,
    )
    kept = True
    for database in options.database or DATABASES:
        print(f"\n{database}, --seed {seed}", flush=True)
        with opened(database, Random(seed)) as stage:
            result = soak(stage, settings, _teller())
        print(render(result.seen, result.verdicts), flush=True)
        kept = kept and not any(one.violations for one in result.verdicts.values())
    return 0 if kept else 1


def _teller() -> Callable[[str], None]:
    """Return what says on standard error which second brought what."""
    begun = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {text}", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
