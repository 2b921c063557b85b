"""Replies of the sms-activate family, from (body, HTTP status) to our types.

Every function is total: whatever the bytes, it returns its type or raises an UpstreamError.
"""
