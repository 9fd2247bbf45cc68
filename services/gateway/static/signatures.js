// Signing what the kiosk sends, so that nobody sends it again: HMAC-SHA256 over time, nonce and body (docs/kiosk-api.md).

const NONCE_BYTES = 16;

/**
 * The header fields with which `body` is sent, once.
 * @param {ArrayBuffer} body the whole of it as it is sent
 * @param {string} token the kiosk's
 * @param {string} time seconds since 1970 by this kiosk's clock
 */
export async function signature(body, token, time) {
  const nonce = hexadecimal(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const message = bytes(`${time}.${nonce}.${hexadecimal(await sha256(body))}`);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", await sha256(bytes(token)), algorithm, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, message);
  return { "Facegate-Nonce": nonce, "Facegate-Signature": `v1=${hexadecimal(signed)}` };
}

function bytes(text) {
  return new TextEncoder().encode(text);
}

function sha256(data) {
  return crypto.subtle.digest("SHA-256", data);
}

function hexadecimal(data) {
  return Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
