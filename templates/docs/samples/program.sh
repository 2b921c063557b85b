#!/bin/sh
# Needs only curl, which repeats a call by itself and heeds Retry-After.
API="https://shop.example/api/v1"
KEY="jm_…"
PATIENCE=120 # seconds to wait for an SMS

call() {
  curl -fsS --retry 20 --retry-delay 3 --retry-connrefused -m 30 \
    -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" "$@"
}

# The value of a text field in a JSON reply.
field() {
  printf '%s' "$1" | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"
}

# Reads the order until an SMS is there, or patience is over.
wait_for_sms() {
  end=$(($(date +%s) + PATIENCE))
  while :; do
    order=$(call "$API/orders/$id") || exit 1
    [ "$(field "$order" status)" = WAITING ] || return
    [ "$(date +%s)" -lt "$end" ] || return
    sleep 3
  done
}

order=$(call -H "Idempotency-Key: order-$$-$(date +%s)" \
  -d '{"service": "tg", "country": 7}' "$API/orders") || exit 1
id=$(field "$order" id)
echo "number $(field "$order" phone)"

wait_for_sms
if [ "$(field "$order" status)" = WAITING ]; then
  order=$(call -X POST -H "Idempotency-Key: cancel-$id" "$API/orders/$id/cancel") || exit 1
  echo "no code, $(field "$order" status)"
else
  echo "first $(field "$order" smsBody)"
  call -X POST -H "Idempotency-Key: next-$id" "$API/orders/$id/next-sms" >/dev/null || exit 1
  wait_for_sms
  echo "second $(field "$order" smsBody)"
fi
