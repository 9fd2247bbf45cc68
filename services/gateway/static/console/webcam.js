// Photos of a person by the webcam, with the guidance of the kiosk page: the first one is taken as soon as the face is
// near, in the middle and still; further ones, or all where no detector runs, by the button.

import { guidance } from "../attention.js";
import { cameraLive, closeCamera, openCamera, takeFrame } from "../camera.js";
import { Detector } from "../detector.js";
import { sketch } from "../scene.js";
import { enroll } from "./photos.js";

const GLANCE_MILLISECONDS = 200;
// more than a kiosk sends: an enrolled face is compared for years
const LONGEST_SIDE = 1280;
const READY_LOOKS = 3;
const TROUBLES = {
  NotAllowedError: "blocked",
  NotFoundError: "missing",
  NotReadableError: "inUse",
  InsecureContextError: "insecure",
};

const dialog = document.getElementById("webcam");
const place = dialog.querySelector(".webcam");
const video = place.querySelector("video");
const button = place.querySelector(".take");
const words = place.dataset;
let detector = null;
let taken = 0;

const glance = () => new Promise((resolve) => setTimeout(resolve, GLANCE_MILLISECONDS));

function say(word) {
  const guide = place.querySelector(".guidance");
  if (guide.textContent !== words[word]) guide.textContent = words[word];
}

async function take() {
  taken += 1;
  // cameras begin with black pictures
  while (!sketch(video) && cameraLive(video)) await glance();
  if (!cameraLive(video)) return;
  const frame = await takeFrame(video, LONGEST_SIDE);
  enroll([new File([frame], `webcam-${taken}.jpg`, { type: "image/jpeg" })]);
  say("taken");
}

async function open() {
  say("starting");
  taken = 0;
  try {
    await openCamera(video);
  } catch (error) {
    say(TROUBLES[error.name] ?? "other");
    return;
  }
  // closed again before the camera was there
  if (!dialog.open) return closeCamera(video);
  button.disabled = false;
  button.focus();
  await guide();
}

async function guide() {
  try {
    detector ??= words.detector ? await Detector.start(words.detector) : null;
    if (detector) await watch();
    else say("byHand");
  } catch (error) {
    console.warn("No guidance:", error.message);
    detector?.close();
    detector = null;
    say("byHand");
  }
}

async function watch() {
  let [before, ready] = [null, 0];
  while (dialog.open && cameraLive(video) && !taken) {
    const look = await detector.look(video);
    const advice = guidance(look, before);
    before = look;
    ready = advice === "ready" ? ready + 1 : 0;
    if (!taken && dialog.open) say(advice);
    if (ready >= READY_LOOKS && !taken && dialog.open) await take();
    await glance();
  }
}

button.addEventListener("click", take);
dialog.addEventListener("close", () => {
  button.disabled = true;
  closeCamera(video);
});
document.querySelector('[data-opens="webcam"]').addEventListener("click", open);
