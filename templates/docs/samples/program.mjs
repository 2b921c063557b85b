// Node 18 or newer; save it as program.mjs
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const API = "https://shop.example/api/v1";
const KEY = "jm_…";
const PATIENCE = 120; // seconds to wait for an SMS

class Refused extends Error {
  constructor(answer) {
    super(`${answer.code}: ${answer.message}`);
    this.code = answer.code;
  }
}

// Repeats until there is an answer, always with the same Idempotency-Key.
async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${KEY}` };
  if (method === "POST") {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = randomUUID();
  }
  for (let attempt = 0; attempt < 60; attempt++) {
    let wait = 3;
    try {
      const reply = await fetch(API + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const answer = await reply.json();
      if (answer.ok) return answer.data;
      if (![409, 429, 500, 503].includes(reply.status)) throw new Refused(answer);
      wait = Number(reply.headers.get("Retry-After") ?? 3);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await sleep(wait * 1000);
  }
  throw new Error(`no answer to ${method} ${path}`);
}

// The order once an SMS is there, or patience is over.
async function waitForSms(id) {
  const end = Date.now() + PATIENCE * 1000;
  for (;;) {
    const order = await call("GET", `/orders/${id}`);
    if (order.status !== "WAITING" || Date.now() >= end) return order;
    await sleep(3000);
  }
}

// An SMS may come at the last moment; then the order keeps it.
async function giveBack(id) {
  try {
    return (await call("POST", `/orders/${id}/cancel`)).status;
  } catch (error) {
    if (error.code !== "CODE_RECEIVED") throw error;
    return (await call("GET", `/orders/${id}`)).smsBody;
  }
}

let order = await call("POST", "/orders", { service: "tg", country: 7 });
console.log("number", order.phone);
order = await waitForSms(order.id);
if (order.status === "WAITING") {
  console.log("no code,", await giveBack(order.id));
} else {
  console.log("first", order.smsBody);
  await call("POST", `/orders/${order.id}/next-sms`);
  console.log("second", (await waitForSms(order.id)).smsBody);
}
