"""Short runs of what ``make soak`` runs for minutes, and tests of the comparison itself."""
