"""Deciding what is to be done, from values that were read before.

Nothing in here reads, writes or calls a driver, and whatever executes a plan
decides nothing any more.
"""
