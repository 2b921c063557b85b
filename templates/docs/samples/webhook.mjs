import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = "whsec_…";

// Signed with our secret, and sent within the last five minutes.
function isGenuine(headers, body) {
  const message = headers["webhook-id"] ?? "";
  const sent = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(sent) || Math.abs(Date.now() / 1000 - sent) > 300) return false;
  const key = Buffer.from(SECRET.replace("whsec_", ""), "base64");
  const hmac = createHmac("sha256", key).update(`${message}.${sent}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  return (headers["webhook-signature"] ?? "")
    .split(" ")
    .map((each) => Buffer.from(each))
    .some((each) => each.length === expected.length && timingSafeEqual(each, expected));
}

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (!isGenuine(request.headers, body)) {
    response.writeHead(400).end();
    return;
  }
  const event = JSON.parse(body);
  console.log(event.type, event.data.smsBody);
  response.writeHead(204).end();
}).listen(8080, "127.0.0.1");
