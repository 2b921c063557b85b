const reply = await fetch("https://shop.example/api/v1/orders/c…", {
  headers: { Authorization: "Bearer jm_…" },
});
const { data } = await reply.json();
console.log(data.status, data.smsBody);
