const reply = await fetch("https://shop.example/api/v1/orders/c…/cancel", {
  method: "POST",
  headers: { Authorization: "Bearer jm_…" },
});
const { data } = await reply.json();
console.log(data.status);
