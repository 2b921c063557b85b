const reply = await fetch("https://shop.example/api/v1/orders", {
  method: "POST",
  headers: {
    Authorization: "Bearer jm_…",
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  },
  body: JSON.stringify({ service: "tg", country: 7 }),
});
const { data } = await reply.json();
console.log(data.id, data.phone);
