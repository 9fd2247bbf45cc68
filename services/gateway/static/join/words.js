// What the page says later on, in its language: the template #words has it.

const words = new Map(
  [...document.querySelector("#words").content.querySelectorAll("[data-key]")].map((each) => [
    each.dataset.key,
    each.textContent,
  ]),
);

export function knows(key) {
  return words.has(key);
}

/** The words of `key`, with `{names}` filled in from `values`; throws where there are none. */
export function say(key, values = {}) {
  if (!knows(key)) throw new Error(`no words ${key}`);
  return words.get(key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
