"""In the name of which project a request is made."""

from falcon import Request

from freehold.api.refusals import HTTPBadRequest
from freehold.api.texts import is_storable

PROJECT_HEADER = "X-Project-Id"
LONGEST_PROJECT_ID = 255


def project_of(request: Request) -> str:
    """Return the project in whose name the request is made; empty for none.

    Raises:
        HTTPBadRequest: the header that says it cannot be read.
    """
    try:
        # WSGI hands each byte of a header over as the Latin-1 character of its value.
        project_id = request.get_header(PROJECT_HEADER, default="").encode("latin-1").decode()
    except UnicodeError as error:
        raise HTTPBadRequest(detail=f"The header {PROJECT_HEADER} is not UTF-8.") from error
    if len(project_id) > LONGEST_PROJECT_ID or not is_storable(project_id):
        raise HTTPBadRequest(
            detail=f"The header {PROJECT_HEADER} is longer than {LONGEST_PROJECT_ID} characters "
            "or has a NUL."
        )
    return project_id
