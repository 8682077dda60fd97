"""What a command says when it cannot do what it was asked to."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends.

    Attributes:
        FAILED: the command was understood, and the machine does not allow it.
        MISUSED: the command or the configuration cannot be meant as it stands.
        FOUND: the command did what it was to, and found what somebody should see to.
    """

    OK = 0
    FAILED = 1
    MISUSED = 2
    FOUND = 3


class CommandFailed(Exception):
    """A command cannot go on; its text is for the operator.

    Attributes:
        code: how the process is to end.
    """

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.code = code
