// Decisions as they are made: server-sent events put rows on top of the list, and where there are none to be had
// the list is asked for now and then.

const MOST_ROWS = 200;
const ASK_MILLISECONDS = 5_000;
const TRY_AGAIN_MILLISECONDS = 30_000;

const form = document.getElementById("wanted");
const list = document.getElementById("list");
const state = document.getElementById("state");
const pause = document.getElementById("pause");

let events = null;
let trouble = false;
let asking = 0;
let waiting = [];
let reading = false;

/** Opens the stream for what the form wants now. */
function open() {
  events?.close();
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  events = new EventSource(`${list.dataset.events}?${query}`);
  events.addEventListener("open", () => {
    stopAsking();
    trouble = false;
    show();
  });
  events.addEventListener("error", () => {
    // the browser tries again by itself, unless it was refused
    if (events.readyState === EventSource.CLOSED) ask();
    show();
  });
  events.addEventListener("decision", ({ data }) => arrive(data));
  events.addEventListener("trouble", () => told(true));
  events.addEventListener("well", () => told(false));
  events.addEventListener("behind", anew);
  events.addEventListener("ended", () => location.reload());
}

function told(now) {
  trouble = now;
  show();
}

/** Asks for the list now and then, and for the stream again after a while. */
function ask() {
  if (asking) return;
  const begun = Date.now();
  asking = setInterval(() => {
    if (Date.now() - begun > TRY_AGAIN_MILLISECONDS) {
      stopAsking();
      open();
    } else if (!paused()) anew();
  }, ASK_MILLISECONDS);
}

function stopAsking() {
  clearInterval(asking);
  asking = 0;
}

const anew = () => document.body.dispatchEvent(new CustomEvent("refresh"));

const paused = () => reading || pause.getAttribute("aria-pressed") === "true";

/** Puts a row on top, or keeps it until whoever reads has read. */
function arrive(html) {
  if (paused()) {
    waiting = [...waiting, html].slice(-MOST_ROWS);
    show();
    return;
  }
  const template = document.createElement("template");
  template.innerHTML = html;
  const row = template.content.firstElementChild;
  const rows = document.getElementById("decisions");
  if (document.getElementById(row.id)) return;
  row.classList.add("new");
  rows.prepend(row);
  while (rows.childElementCount > MOST_ROWS) rows.lastElementChild.remove();
  document.getElementById("nothing").hidden = true;
}

function goOn() {
  if (paused()) return show();
  for (const html of waiting.splice(0)) arrive(html);
  show();
}

function show() {
  const name = nameOfState();
  const words = state.dataset[name].replace("{count}", waiting.length);
  if (state.textContent !== words) state.textContent = words;
  const kind = { live: "good", paused: "accent", asking: "plain" }[name] ?? "warn";
  state.className = `badge ${kind}`;
}

function nameOfState() {
  if (asking) return "asking";
  if (events.readyState !== EventSource.OPEN) return "reconnecting";
  if (trouble) return "trouble";
  return paused() ? "paused" : "live";
}

pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(pause.getAttribute("aria-pressed") !== "true"));
  goOn();
});
for (const [name, now] of [["pointerenter", true], ["pointerleave", false], ["focusin", true], ["focusout", false]]) {
  list.addEventListener(name, ({ pointerType }) => {
    // a finger that has tapped does not go on pointing
    if (pointerType === "touch") return;
    reading = now;
    goOn();
  });
}
form.addEventListener("change", () => {
  waiting = [];
  open();
});
addEventListener("pagehide", () => events.close());
addEventListener("pageshow", ({ persisted }) => persisted && open());
open();
