// Moments in local words: <time datetime="…" data-style="moment|date|time|ago">, whenever they come into the page.

const LANGUAGE = document.documentElement.lang;
const FORMATS = {
  moment: new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" }),
  date: new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" }),
  time: new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" }),
};
const AGO = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
const EXACT = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full", timeStyle: "long" });
const AGAIN_MILLISECONDS = 30_000;

/** How long ago or ahead a moment is, in the largest unit that counts. */
export function ago(moment, now = Date.now()) {
  let amount = (moment - now) / 1000;
  for (const [unit, next] of UNITS) {
    if (Math.abs(amount) < next) return AGO.format(Math.round(amount), unit);
    amount /= next;
  }
}

/** Puts one <time> into words. */
export function word(time) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const style = time.dataset.style ?? "moment";
  const words = style === "ago" ? ago(moment) : FORMATS[style].format(moment);
  if (time.textContent !== words) time.textContent = words;
  time.title = EXACT.format(moment);
}

const wordAll = (within) => within.querySelectorAll("time[datetime]").forEach(word);

wordAll(document);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) {
      if (!(node instanceof Element)) continue;
      if (node.matches("time[datetime]")) word(node);
      else wordAll(node);
    }
  }
}).observe(document.body, { childList: true, subtree: true });
setInterval(() => document.querySelectorAll('time[data-style="ago"]').forEach(word), AGAIN_MILLISECONDS);
