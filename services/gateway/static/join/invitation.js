// The invitation: its token out of the link, and what the API does for whoever has it.

const KEY = "facegate.invitation";
const ANSWER_MS = 15_000;
// a photo over a slow network
const PHOTO_MS = 90_000;

/** The API did not do it. `kind` is the problem's last word, as "invitation-expired", or "unreachable". */
export class Refused extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Takes the token out of the address, where whoever sees the screen could read it, and keeps it while this tab is open.
 * @returns {string|null}
 */
export function readToken() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}

/** Whether a text can be a token at all; others cannot even be sent. */
export function isToken(text) {
  return /^[\w.-]+$/.test(text);
}

export class Invitation {
  #token;

  constructor(token) {
    this.#token = token;
  }

  /** Who is invited, what they agreed to, and what became of their photos. */
  show() {
    return this.#ask("GET", "");
  }

  agree(textVersion) {
    return this.#ask("PUT", "/consent", JSON.stringify({ text_version: textVersion }), "application/json");
  }

  withdraw() {
    return this.#ask("DELETE", "/consent");
  }

  /** Sends a photo and resolves to how it stands. */
  send(photo) {
    return this.#ask("POST", "/photos", photo, photo.type, PHOTO_MS);
  }

  remove(photoId) {
    return this.#ask("DELETE", `/photos/${encodeURIComponent(photoId)}`);
  }

  async #ask(method, path, body, type, milliseconds = ANSWER_MS) {
    const headers = { Authorization: `Bearer ${this.#token}`, ...(type && { "Content-Type": type }) };
    const signal = AbortSignal.timeout(milliseconds);
    let answer;
    try {
      const options = { method, headers, body, signal, cache: "no-store", credentials: "omit" };
      answer = await fetch(`/v1/invitation${path}`, options);
    } catch (error) {
      throw new Refused("unreachable", error.message);
    }
    if (!answer.ok) throw await refusal(answer);
    return answer.headers.get("Content-Type")?.startsWith("application/json") ? answer.json() : null;
  }
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  return new Refused(problem.type?.split("/").at(-1) ?? "other", problem.detail ?? `status ${answer.status}`);
}
