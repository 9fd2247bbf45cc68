// Talking to the gateway: frames in, a decision out, or what kind of trouble there is.

import { signature } from "./signatures.js";

const LONGEST_POLLING_SECONDS = 5;
// beyond the gateway's own longest wait a silent connection is a broken one
const NETWORK_ALLOWANCE_SECONDS = 5;

// whether the gateway takes signed frames alone; a signature costs it a write, so that it gets one where it wants it
let signs = false;

/**
 * The gateway gave no decision. `kind` is "offline", "busy", "trouble", "slow", "token", "clock" or "refused";
 * `retryAfter` is the gateway's advice in seconds, or null; `problem` the last word of the problem's type.
 */
export class NoDecision extends Error {
  constructor(kind, message, retryAfter = null, problem = null) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
    this.problem = problem;
  }
}

/**
 * Posts frames of one visitor and resolves to their decision. Throws NoDecision. Posted again with the same `key`,
 * frames that the gateway has got already are not decided a second time.
 */
export async function recognize(frames, key, token, wait) {
  const answer = await post(frames, key, token, wait).catch((error) => {
    if (error.problem !== "unsigned-frame" || signs) throw error;
    signs = true;
    return post(frames, key, token, wait);
  });
  return answer.status === 202 ? poll(answer.headers.get("Location"), token) : answer.json();
}

async function post(frames, key, token, wait) {
  const { body, type } = await bodyOf(frames);
  const now = clock();
  const headers = {
    Authorization: `Bearer ${token}`,
    "Idempotency-Key": `"${key}"`,
    "Content-Type": type,
    Prefer: `wait=${wait}`,
    ...now,
    ...(signs && (await signature(body, token, now["Facegate-Time"]))),
  };
  return ask("/v1/recognitions", { method: "POST", headers, body }, wait);
}

/** Exchanges a pairing code for the kiosk's token. Throws NoDecision. */
export async function pair(code) {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask("/v1/kiosks/pairing", { method: "POST", headers, body: JSON.stringify({ code }) }, 0);
  return (await answer.json()).token;
}

/** Says that the kiosk lives, for operators who look whether it does. Throws NoDecision. */
export async function sayAlive(token) {
  await ask("/v1/kiosk", { headers: { Authorization: `Bearer ${token}`, ...clock() } }, 0);
}

/** What time this kiosk thinks it is: a clock that is off shows in the list of kiosks. */
function clock() {
  return { "Facegate-Time": (Date.now() / 1000).toFixed(3) };
}

/** The bytes of a request with one frame or several, which can be signed, and their type. */
async function bodyOf(frames) {
  if (frames.length === 1) return { body: await frames[0].arrayBuffer(), type: frames[0].type };
  const form = new FormData();
  frames.forEach((frame, number) => form.append("image", frame, `${number + 1}.jpg`));
  const written = new Response(form);
  return { body: await written.arrayBuffer(), type: written.headers.get("Content-Type") };
}

async function poll(location, token) {
  const end = performance.now() + LONGEST_POLLING_SECONDS * 1000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await ask(location, { headers: { Authorization: `Bearer ${token}` } }, 0);
    if (answer.status === 200) return answer.json();
  }
  throw new NoDecision("slow", "the recognition is still not decided", 1);
}

async function ask(path, options, wait) {
  let answer;
  try {
    const signal = AbortSignal.timeout((wait + NETWORK_ALLOWANCE_SECONDS) * 1000);
    answer = await fetch(path, { ...options, signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    throw new NoDecision("offline", error.message);
  }
  if (answer.ok) return answer;
  throw await refusal(answer);
}

async function refusal(answer) {
  const advice = Number(answer.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(advice) && advice > 0 ? advice : null;
  const problem = await answer.json().catch(() => ({}));
  const message = problem.detail ?? `status ${answer.status}`;
  const kind = problem.type?.split("/").at(-1) ?? null;
  if (kind === "stale-frame") return new NoDecision("clock", message);
  if (answer.status === 401) return new NoDecision("token", message);
  if (answer.status === 429 || (answer.status === 503 && retryAfter)) return new NoDecision("busy", message, retryAfter);
  if (answer.status >= 500) return new NoDecision("trouble", message, retryAfter);
  return new NoDecision("refused", message, retryAfter, kind);
}
