"""Texts that users have no influence on, marked so that they may stand in any log.

It lies below all layers, since those who write to the log are in many of them, and what
reads the mark (`freehold.logs.masking`) is above.
"""


class Word(str):
    """A text of a vocabulary of the code, such as the name of a rule or of a class."""

    __slots__ = ()
