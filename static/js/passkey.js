// Passkeys: the forms marked data-passkey are shown where the browser can do it, and sent with what the device signed.
"use strict";

const TO_BYTES = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
const TO_TEXT = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable(publicKey) {
  const options = { ...publicKey, challenge: TO_BYTES(publicKey.challenge) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) options[list] = options[list].map((each) => ({ ...each, id: TO_BYTES(each.id) }));
  }
  return options;
}

async function make(options) {
  const publicKey = readable(options.creation_options.publicKey);
  publicKey.user = { ...publicKey.user, id: TO_BYTES(publicKey.user.id) };
  // Kept on the device and opened by its lock, so that it signs in without a password.
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
  };
  return navigator.credentials.create({ publicKey });
}

const WAYS = {
  add: () => make(island()),
  use: () => navigator.credentials.get({ publicKey: readable(island().request_options.publicKey) }),
  fetch: async (form) => {
    const reply = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error(`${reply.status}`);
    const { request_options: options } = await reply.json();
    return navigator.credentials.get({ publicKey: readable(options.publicKey) });
  },
};

function island() {
  return JSON.parse(document.getElementById("passkey-options").textContent);
}

function told(credential) {
  const signed = credential.response;
  const response = { clientDataJSON: TO_TEXT(signed.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (signed[part]) response[part] = TO_TEXT(signed[part]);
  }
  if (signed.getTransports) response.transports = signed.getTransports();
  return {
    id: credential.id,
    rawId: TO_TEXT(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function complain(form, trouble) {
  const place = form.querySelector("[role=alert]");
  const kinds = { SecurityError: "insecure", InvalidStateError: "known" };
  place.textContent = place.dataset[kinds[trouble.name] || "refused"];
}

async function send(form) {
  try {
    const credential = await WAYS[form.dataset.passkey](form);
    form.elements.credential.value = JSON.stringify(told(credential));
    form.submit();
  } catch (trouble) {
    complain(form, trouble);
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
}
