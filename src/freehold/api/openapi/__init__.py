"""The API's description as an OpenAPI document, and a page to read it.

The document is made of what serves and checks requests: the table of routes, the
kinds of resources, and neutron-lib's definitions of attributes. So what it says
is what happens, and a new route of a known form describes itself.

- `schemas`: what a client may send for an attribute, as a JSON Schema
- `answers`: what it gets to see of one
- `texts`: what an attribute means, in one sentence
- `parameters`: queries and headers
- `operations`: what the verbs of a URL do, and `kinds`, `actions`, `discovery`: what each URL's do
- `describing`: of each class in the table of routes, which of these describes it
- `document`: all of it together
- `page`: the document as HTML
- `serving`: the URLs at which both are
"""
