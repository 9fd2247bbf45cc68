// What the visitor sees: one state, one headline, one sentence.

const headline = document.querySelector("#headline");
const detail = document.querySelector("#detail");
const again = document.querySelector("#again");

/**
 * @param {"starting"|"looking"|"checking"|"granted"|"denied"|"help"|"trouble"} state
 * @param {string} title
 * @param {string} sentence
 * @param {string} button label of the button, or "" for none
 */
export function show(state, title, sentence = "", button = "") {
  document.body.dataset.state = state;
  headline.textContent = title;
  detail.textContent = sentence;
  again.textContent = button;
  again.hidden = !button;
}

/** Resolves after `milliseconds`, or as soon as the visitor presses the button. */
export function pauseOrTap(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds, false);
    const tapped = () => done(true);
    again.addEventListener("click", tapped);
    function done(byTap) {
      clearTimeout(timer);
      again.removeEventListener("click", tapped);
      resolve(byTap);
    }
  });
}

/** Resolves when the visitor presses the button. */
export function tap() {
  return new Promise((resolve) => again.addEventListener("click", resolve, { once: true }));
}
