"""The service's lists, prefixes and bulk creations, side by side with Neutron's.

Both are asked what a client asks them, as WSGI applications in one process and
without a socket, and keep their tables in databases of the same server. What is
there before they are asked was put into their tables as rows.
"""
