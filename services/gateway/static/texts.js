// What the page says, in the language that the gateway chose.

let sentences = {};

/** Loads the texts of one language. */
export async function loadTexts(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered with status ${answer.status}`);
  sentences = await answer.json();
}

/** The text of `key`, with `{names}` filled in from `values`; throws where there is no such text. */
export function text(key, values = {}) {
  if (!knows(key)) throw new Error(`no text ${key}`);
  return sentences[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function knows(key) {
  return Object.hasOwn(sentences, key);
}
