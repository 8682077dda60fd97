"""The time that a request may take.

What it is spent on is looked at where time is lost: in the database's layers
(`freehold.db.deadline`).
"""

from falcon import Request, Response

from freehold.db import deadline


class RequestTime:
    """Gives each request its time.

    Args:
        seconds: how long a request may take.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def process_request(self, _request: Request, _response: Response) -> None:
        """Begin."""
        deadline.begin(self._seconds)

    def process_response(
        self, _request: Request, _response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """End: the thread goes on to other requests."""
        deadline.end()
