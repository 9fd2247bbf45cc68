// Problem documents (RFC 9457) in the words of the page's language.

const LANGUAGE = document.documentElement.lang;

/** Shows one sentence as a problem within `place`. */
export function showIn(place, sentence) {
  const box = document.createElement("div");
  box.className = "problem";
  box.setAttribute("role", "alert");
  box.textContent = sentence;
  place.replaceChildren(box);
}

/** Fills `place` with the problem's title and way out, in the page's language, and with its detail. */
export async function tell(place, problem) {
  const words = document.createElement("template");
  words.innerHTML = await wordsOf(problem.type);
  if (!words.content.textContent.trim()) words.content.append(problem.title);
  const detail = document.createElement("small");
  detail.lang = "en";
  detail.textContent = problem.detail;
  place.replaceChildren(words.content, " ", detail);
  place.hidden = false;
}

/** The fields that the detail of a problem complains about. */
export function complainedFields(problem) {
  if (problem.type !== "/problems/invalid-fields") return [];
  return problem.detail.split("; ").map((complaint) => complaint.split(":")[0]);
}

/** The problem of an answer, whatever sent it. */
export async function problemOf(answer) {
  const isProblem = (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
  return isProblem ? answer.json() : { type: "about:blank", title: answer.statusText, detail: String(answer.status) };
}

async function wordsOf(type) {
  if (!type.startsWith("/problems/")) return "";
  try {
    const answer = await fetch(`${type}?lang=${LANGUAGE}`, { headers: { "HX-Request": "true" } });
    return answer.ok ? await answer.text() : "";
  } catch {
    // the title, in English, says it as well
    return "";
  }
}
