// The kiosk's token: given in the address, kept in this browser.

const KEY = "facegate.token";

/** Takes the token out of the address, where the next visitor would see it, and returns what this browser has. */
export function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return localStorage.getItem(KEY);
}
