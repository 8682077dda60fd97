"""What each answer says to browsers and caches, whatever else it is.

Answers hold what others must not see: a cache on the way, which knows nothing of who asks by
``X-Auth-Token``, is not to keep them. And they hold texts that clients have chosen: a browser that
is led to one is to take it for nothing but the JSON that it is.
"""

from falcon import Request, Response

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class AnswerHeaders:
    """Gives each answer these headers."""

    def process_response(
        self, _request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Do so."""
        response.set_headers(HEADERS)
