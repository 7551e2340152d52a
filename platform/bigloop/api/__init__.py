"""The platform over HTTP: `/api/v1`, who may do what, and the live feed.

Transport only: every route calls a plain function of `bigloop.loop` or the store.
"""
