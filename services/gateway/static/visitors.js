// Waiting for a visitor whose picture is worth sending.

import { guidance } from "./attention.js";
import { cameraLive } from "./camera.js";
import { changed, sketch, still } from "./scene.js";
import { pauseOrTap, show, takePress } from "./screen.js";
import { text } from "./texts.js";

const GLANCE_MS = 200;
// a camera that just started still adjusts its exposure
const FIRST_LOOK_MS = 700;
// somebody who never stands still is photographed all the same
const LONGEST_RESTLESSNESS_MS = 1500;
// a detector may miss a face once
const GONE_AFTER_LOOKS = 3;

const TITLES = {
  nobody: "kiosk.waiting",
  one: "kiosk.guide.one",
  closer: "kiosk.guide.closer",
  middle: "kiosk.guide.middle",
  still: "kiosk.looking",
  ready: "kiosk.looking",
};

/**
 * Waits until a picture is worth sending, or the visitor presses the button.
 *
 * Resolves to null when the camera is gone; else to the sketch of the scene, whether somebody was restless, so that one
 * picture may be blurred, and whether another visitor may have come since `posted`.
 * @param {HTMLVideoElement} video
 * @param {import("./detector.js").Detector|null} detector null where none can run: then any change of the scene counts
 * @param {Float32Array|null} posted the scene that was sent last; nobody is sent twice without having moved
 */
export function awaitVisitor(video, detector, posted) {
  // an earlier press has had its answer
  takePress();
  return detector ? awaitFace(video, detector, posted) : awaitChange(video, posted);
}

async function awaitFace(video, detector, posted) {
  let [before, shown, proposed] = [null, null, null];
  let [fresh, empty, restlessSince] = [!posted, 0, null];
  for (;;) {
    await pauseOrTap(GLANCE_MS);
    if (!cameraLive(video)) return null;
    const scene = document.hidden ? null : sketch(video);
    if (!scene) continue;
    if (takePress()) return { scene, restless: false, another: false };
    const look = await detector.look(video);
    const advice = guidance(look, before);
    before = look;
    empty = advice === "nobody" ? empty + 1 : 0;
    fresh ||= empty >= GONE_AFTER_LOOKS || changed(scene, posted);
    const another = !posted || empty >= GONE_AFTER_LOOKS;
    if (another) posted = null;
    // words that change with every look cannot be read
    if (advice === proposed || !shown) shown = advice;
    proposed = advice;
    invite(shown, fresh);
    restlessSince = advice === "still" ? (restlessSince ?? performance.now()) : null;
    const restless = restlessSince !== null && performance.now() - restlessSince > LONGEST_RESTLESSNESS_MS;
    if (fresh && (advice === "ready" || restless)) return { scene, restless, another };
  }
}

function invite(advice, fresh) {
  if (advice === "nobody") show("waiting", text("kiosk.waiting"));
  else if (!fresh) show("waiting", text("kiosk.answered"), "", text("kiosk.try-again"));
  else show("looking", text(TITLES[advice]), advice === "still" ? text("kiosk.guide.still") : "", text("kiosk.take-picture"));
}

async function awaitChange(video, posted) {
  const began = performance.now();
  let [last, restlessSince] = [null, null];
  show("looking", text("kiosk.looking"), "", text(posted ? "kiosk.try-again" : "kiosk.take-picture"));
  for (;;) {
    await pauseOrTap(GLANCE_MS);
    if (!cameraLive(video)) return null;
    const scene = document.hidden ? null : sketch(video);
    if (!scene) continue;
    if (takePress() || (!posted && performance.now() - began > FIRST_LOOK_MS)) return seen(scene);
    restlessSince = posted && changed(scene, posted) ? (restlessSince ?? performance.now()) : null;
    const restless = restlessSince !== null && performance.now() - restlessSince > LONGEST_RESTLESSNESS_MS;
    if (restlessSince !== null && last && (still(scene, last) || restless)) return seen(scene);
    last = scene;
  }
}

/** Without a detector nobody knows whether this is the same visitor. */
function seen(scene) {
  return { scene, restless: false, another: true };
}
