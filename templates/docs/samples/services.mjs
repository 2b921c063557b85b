const reply = await fetch("https://shop.example/api/v1/services", {
  headers: { Authorization: "Bearer jm_…" },
});
const { data } = await reply.json();
for (const service of data.items) {
  console.log(service.code, service.name, service.minCostUsd);
}
