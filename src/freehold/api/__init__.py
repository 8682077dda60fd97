"""The HTTP face: the OpenStack Networking API v2.0 over WSGI.

A request passes `middleware`, finds its resource by `routes`, and is served
by `resources`: the body is read by `bodies`, its attributes are checked by
`attributes`, the query is read by `queries`, and a service of
`freehold.networking` does the work. What is particular to one kind of
resource (parse, render, filter) stands in the module of its name: `networks`,
`subnets`, `ports`, `address_scopes`, `subnet_pools`. Whatever is refused on the
way becomes an answer in `faults`.
"""
