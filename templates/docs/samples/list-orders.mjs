const page = new URLSearchParams({ limit: 100 });
for (;;) {
  const reply = await fetch(`https://shop.example/api/v1/orders?${page}`, {
    headers: { Authorization: "Bearer jm_…" },
  });
  const { data } = await reply.json();
  for (const order of data.items) console.log(order.id, order.status);
  if (data.nextCursor === null) break;
  page.set("cursor", data.nextCursor);
}
