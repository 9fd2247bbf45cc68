// What the visitor sees: one state, one headline, one sentence, one button.

const headline = document.querySelector("#headline");
const detail = document.querySelector("#detail");
const again = document.querySelector("#again");

let pressed = false;
again.addEventListener("click", () => (pressed = true));

/**
 * @param {"starting"|"waiting"|"looking"|"captured"|"deciding"|"granted"|"denied"|"help"|"trouble"} state
 * @param {string} title
 * @param {string} sentence
 * @param {string} button label of the button, or "" for none
 */
export function show(state, title, sentence = "", button = "") {
  document.body.dataset.state = state;
  write(headline, title);
  write(detail, sentence);
  write(again, button);
  again.hidden = !button;
}

/** Screen readers read again what is written again, so that only news is written. */
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** Resolves to true as soon as the visitor presses the button or an event of `others` happens, else to false. */
export function pauseOrTap(milliseconds, ...others) {
  return pause(milliseconds, [again, "click"], ...others);
}

/** Resolves to true as soon as one of the events (pairs of target and name) happens, or to false after `milliseconds`. */
export function pause(milliseconds, ...events) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const timer = setTimeout(done, milliseconds, false);
    for (const [target, name] of events) target.addEventListener(name, () => done(true), { signal: listening.signal });
    function done(woken) {
      clearTimeout(timer);
      listening.abort();
      resolve(woken);
    }
  });
}

/** Whether the visitor has pressed the button since this was last asked; no press is lost while nobody waits for it. */
export function takePress() {
  const was = pressed;
  pressed = false;
  return was;
}

/** Resolves when the visitor presses the button. */
export function tap() {
  return new Promise((resolve) => again.addEventListener("click", resolve, { once: true }));
}
