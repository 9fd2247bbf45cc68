// Talking to the gateway: a frame in, a decision out, or a reason why not.

const LONGEST_POLLING_SECONDS = 5;
// beyond the gateway's own longest wait a silent connection is a broken one
const NETWORK_ALLOWANCE_SECONDS = 5;

/** The gateway gave no decision; `retryAfter` is its advice in seconds, or null. */
export class NoDecision extends Error {
  constructor(kind, sentence, retryAfter = null) {
    super(sentence);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/**
 * Posts a frame and resolves to its decision. Throws NoDecision. Posted again with the same `key`, a frame that the
 * gateway has got already is not decided a second time.
 */
export async function recognize(frame, key, token, wait) {
  const answer = await ask(
    "/v1/recognitions",
    {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": frame.type,
        "Idempotency-Key": `"${key}"`,
        Prefer: `wait=${wait}`,
      },
      body: frame,
    },
    wait,
  );
  return answer.status === 202 ? poll(answer.headers.get("Location"), token) : answer.json();
}

async function poll(location, token) {
  const end = performance.now() + LONGEST_POLLING_SECONDS * 1000;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await ask(location, { headers: { Authorization: `Bearer ${token}` } }, 0);
    if (answer.status === 200) return answer.json();
  }
  throw new NoDecision("slow", "This took too long. The door stays shut; please try again.", 1);
}

async function ask(path, options, wait) {
  let answer;
  try {
    const signal = AbortSignal.timeout((wait + NETWORK_ALLOWANCE_SECONDS) * 1000);
    answer = await fetch(path, { ...options, signal, cache: "no-store", credentials: "omit" });
  } catch {
    throw new NoDecision("unreachable", "The gateway cannot be reached. The door stays shut.");
  }
  if (answer.ok) return answer;
  throw await refusal(answer);
}

async function refusal(answer) {
  const advice = Number(answer.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(advice) && advice > 0 ? advice : null;
  if (answer.status === 401) {
    return new NoDecision(
      "token",
      "The gateway does not know this kiosk's token any more. Open this page with the address that registering the kiosk printed.",
    );
  }
  const problem = await answer.json().catch(() => ({}));
  const sentence = problem.detail ?? `The gateway answered with status ${answer.status}.`;
  if (answer.status >= 500 || answer.status === 429) return new NoDecision("unavailable", sentence, retryAfter);
  return new NoDecision("refused", sentence, retryAfter);
}
