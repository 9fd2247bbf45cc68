// The kiosk's token: given in the address, or got for a pairing code that is given there; kept in this browser.

import { pair } from "./gateway.js";

const KEY = "facegate.token";

/**
 * Takes the token or the code out of the address, where the next visitor would see it, and resolves to the token that
 * this browser has. A code that does not work, or any more, leaves it the token that it had.
 */
export async function readToken() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token") || given.has("pair")) history.replaceState(null, "", location.pathname + location.search);
  try {
    const token = given.has("pair") ? await pair(given.get("pair")) : given.get("token");
    if (token) localStorage.setItem(KEY, token);
  } catch (error) {
    console.warn("Not paired:", error.message);
  }
  return localStorage.getItem(KEY);
}
