const reply = await fetch("https://shop.example/api/v1/prices?service=tg", {
  headers: { Authorization: "Bearer jm_…" },
});
const { data } = await reply.json();
for (const price of data.items) {
  console.log(price.countryId, price.priceCents, price.count);
}
