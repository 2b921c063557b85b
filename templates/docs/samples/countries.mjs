const reply = await fetch("https://shop.example/api/v1/countries", {
  headers: { Authorization: "Bearer jm_…" },
});
const { data } = await reply.json();
for (const country of data.items) {
  console.log(country.id, country.name);
}
