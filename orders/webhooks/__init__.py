"""Customers' webhooks: what happens to an order is posted to an address of the customer's.

Signed as Standard Webhooks are (https://www.standardwebhooks.com): the headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`; while a secret is being replaced there is a signature by each of the two. The body is
`{"type": …, "timestamp": …, "data": …}`, where `data` is the order as GET /api/v1/orders/:id showed it at that moment.

Delivered at least once, with the same `webhook-id` and the same body each time. Any 2xx within 8 seconds is success;
everything else is tried again, 10 times within about 24 hours; 410 switches the endpoint off. Events of one order
arrive in their order unless an earlier one failed three times.
"""
