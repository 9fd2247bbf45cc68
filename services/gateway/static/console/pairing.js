// A pairing code that was made just now: as text, and as a QR code of the address that pairs the kiosk which opens it. Tells
// how long the code works, and when it was used.

import { generate } from "../vendor/lean-qr.mjs";
import { toSvg } from "../vendor/lean-qr-svg.mjs";
import { announce } from "./forms.js";

const ASK_MILLISECONDS = 2000;
const dialog = document.getElementById("pairing");
let asking = 0;

document.body.addEventListener("pairing-code", ({ detail }) => show(detail));
dialog?.addEventListener("close", () => {
  // it was closed for another code, and is open again when this is heard of
  if (dialog.open) return;
  clearInterval(asking);
  announce("kiosks-changed");
});

function show({ kiosk_id: kioskId, pairing_code: code, pairing_code_until: until }) {
  const address = new URL(`/kiosk#pair=${code}`, location.href).href;
  const picture = toSvg(generate(address), document, { off: "white" });
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", dialog.dataset.picture.replace("{code}", code));
  dialog.querySelector(".qr").replaceChildren(picture);
  dialog.querySelector("output").textContent = code;
  dialog.querySelector("form").elements.kiosk_id.value = kioskId;
  dialog.dataset.state = "waiting";
  if (!dialog.open) dialog.showModal();
  const offer = { kioskId, end: Date.parse(until), pairedBefore: undefined };
  clearInterval(asking);
  asking = setInterval(() => ask(offer), ASK_MILLISECONDS);
  tellLeft(offer);
}

async function ask(offer) {
  tellLeft(offer);
  const answer = await fetch(`/v1/kiosks/${encodeURIComponent(offer.kioskId)}`).catch(() => null);
  if (!answer?.ok || dialog.dataset.state !== "waiting") return;
  const kiosk = await answer.json();
  if (kiosk.pairing_code_until) offer.pairedBefore = kiosk.paired_at;
  else finish(kiosk.has_token && kiosk.paired_at !== offer.pairedBefore ? "paired" : "over");
}

function tellLeft({ end }) {
  const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  dialog.querySelector("[data-standing]").textContent = dialog.dataset.left.replace("{time}", left);
}

// neither a code that was used nor one that is over is shown any longer
function finish(state) {
  clearInterval(asking);
  dialog.dataset.state = state;
  dialog.querySelector(".qr").replaceChildren();
  dialog.querySelector("output").textContent = "";
  dialog.querySelector("[data-standing]").textContent = dialog.dataset[state];
}
