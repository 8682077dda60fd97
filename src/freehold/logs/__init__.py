"""The log: what a line looks like, and what never gets into one.

Every record of the process, whoever wrote it, passes one formatter on its way out
(`freehold.logs.formatters`). There, and nowhere before, it is seen to that a record is one
record whatever clients sent (`escaping`), that no secret of the configuration leaves
(`secrets`), and, where that is configured, that nothing of a user's does (`masking`).
"""
