"""Reading and writing the rows of networks, subnets and ports.

One statement does one thing, values go in and out, and nothing is decided
here. Each function works on a connection whose transaction somebody else
begins and ends.
"""
