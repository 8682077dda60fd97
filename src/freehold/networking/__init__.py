"""Networks, subnets and ports: what is stored, what is decided, what is done.

`values` are the resources, `plan` decides without doing, `ports`, `subnets`
and `networks` do without deciding, and `store` reads and writes rows.
"""
