"""What an address costs on this machine, and what it would cost at the least.

``make bench`` measures the same thing through several contenders, one
operation of each in turn, so that whatever else the machine does hits all of
them alike. Figures of different machines do not compare; ratios do.
"""
