// The kiosk's course: camera, visitor, pictures, decision, answer, and again for the next visitor.

import { cameraLive, takeFrame } from "./camera.js";
import { startCamera } from "./camera_trouble.js";
import { Detector } from "./detector.js";
import { keepLit, offerFullScreen } from "./display.js";
import { NoDecision, recognize, sayAlive } from "./gateway.js";
import { pause, pauseOrTap, show, tap } from "./screen.js";
import { play } from "./sound.js";
import { knows, loadTexts, text } from "./texts.js";
import { readToken } from "./token.js";
import { awaitVisitor } from "./visitors.js";

const ANSWER_SHOWN_MS = 4000;
const FIRST_BACKOFF_SECONDS = 1;
const LONGEST_BACKOFF_SECONDS = 30;
// Where one picture may not do, a majority of three decides (and costs the gateway two searches or three).
const SEVERAL = 3;
const BETWEEN_FRAMES_MS = 120;
// "Checking" for a moment only would be a flicker
const CAPTURED_SHOWN_MS = 400;
const ALIVE_EVERY_MS = 60_000;
// denials that a better picture of the same visitor may change
const DOUBTFUL = new Set(["no_match", "no_face", "ambiguous"]);

const { wait, frameWorth, detector: detectorUrl, texts } = document.body.dataset;
const frameWorthMs = Number(frameWorth) * 1000;
const video = document.querySelector("#camera");

/** The detector, or null where none can run: then the kiosk goes by changes of the scene and by its button. */
async function startDetector() {
  if (!detectorUrl) return null;
  show("starting", text("kiosk.starting"), text("kiosk.preparing.detail"));
  try {
    return await Detector.start(detectorUrl);
  } catch (error) {
    console.warn("No face detector here:", error.message);
    return null;
  }
}

/** Takes pictures; their key makes the gateway decide about them once, however often they are posted. */
async function capture(scene, count) {
  show("captured", text("kiosk.captured"));
  const takenAt = performance.now();
  const frames = [await takeFrame(video)];
  while (frames.length < count) {
    await pause(BETWEEN_FRAMES_MS);
    frames.push(await takeFrame(video));
  }
  return { scene, frames, key: crypto.randomUUID(), takenAt };
}

/** Posts pictures and resolves to their decision, if it comes while it is still about who stands there. */
async function decide({ frames, key, takenAt }, token) {
  const checking = setTimeout(
    () => show("deciding", text("kiosk.deciding"), text("kiosk.deciding.detail")),
    CAPTURED_SHOWN_MS,
  );
  try {
    const decision = await recognize(frames, key, token, Number(wait));
    if (worthless(takenAt)) throw new NoDecision("slow", "the decision came too late to be shown");
    return decision;
  } finally {
    clearTimeout(checking);
  }
}

function worthless(takenAt) {
  return performance.now() - takenAt > frameWorthMs;
}

function answer(decision) {
  play(decision.outcome);
  if (decision.outcome === "granted") {
    const greeting = decision.person ? text("kiosk.granted", { name: decision.person.full_name }) : text("reason.match");
    show("granted", greeting, text("kiosk.granted.detail"));
  } else {
    const reason = `reason.${decision.reason}`;
    // a gateway newer than this page may know more reasons
    show("denied", text("kiosk.denied"), knows(reason) ? text(reason) : decision.message, text("kiosk.try-again"));
  }
}

/** Says what is wrong and waits, longer each time; the door stays shut meanwhile. */
async function waitOutTrouble(error, failures) {
  const backoff = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (failures - 1), LONGEST_BACKOFF_SECONDS);
  // kiosks that failed together should not come back together
  const seconds = Math.max(error.retryAfter ?? 0, backoff) * (1 + Math.random() / 4);
  const key = `kiosk.${error.kind}`;
  show("trouble", text(key), text(`${key}.detail`, { seconds: Math.ceil(seconds) }), text("kiosk.try-again"));
  await pauseOrTap(seconds * 1000, [window, "online"]);
}

async function run(token) {
  await startCamera(video, false);
  let detector = await startDetector();
  let [posted, unanswered, failures] = [null, null, 0];
  // whether the last answer was a doubtful denial, and whether the visitor asked to be looked at again
  let [doubtful, asked] = [false, false];
  for (;;) {
    if (!cameraLive(video)) {
      await startCamera(video, true);
      posted = unanswered = null;
    }
    if (!unanswered) {
      let visitor;
      try {
        visitor = await awaitVisitor(video, detector, posted);
      } catch (error) {
        if (!detector) throw error;
        console.warn("The face detector stopped:", error.message);
        detector.close();
        detector = null;
        continue;
      }
      if (!visitor) continue;
      const several = visitor.restless || (doubtful && (asked || !visitor.another));
      unanswered = await capture(visitor.scene, several ? SEVERAL : 1);
    }
    const sent = unanswered;
    unanswered = null;
    try {
      const decision = await decide(sent, token);
      [posted, failures, doubtful] = [sent.scene, 0, DOUBTFUL.has(decision.reason)];
      answer(decision);
      asked = await pauseOrTap(ANSWER_SHOWN_MS);
      if (asked) posted = null;
    } catch (error) {
      if (!(error instanceof NoDecision)) throw error;
      console.warn("No decision:", error.kind, error.message);
      if (error.kind === "refused") {
        posted = sent.scene;
        show("denied", text("kiosk.denied"), text("kiosk.refused.detail"), text("kiosk.try-again"));
        await pauseOrTap(ANSWER_SHOWN_MS);
      } else {
        failures += 1;
        await waitOutTrouble(error, failures);
        posted = null;
        // later the visitor may have gone and another come: then new pictures are taken
        if (!worthless(sent.takenAt)) unanswered = sent;
      }
    }
  }
}

async function stop(error) {
  console.error(error);
  if (knows("kiosk.stopped")) {
    show("help", text("kiosk.stopped"), text("kiosk.stopped.detail"), text("kiosk.start-again"));
    await tap();
  } else {
    // not even the texts could be loaded
    await pause(LONGEST_BACKOFF_SECONDS * 1000, [window, "online"]);
  }
  location.reload();
}

async function begin() {
  await loadTexts(texts);
  // a new token typed into the address of an open page
  addEventListener("hashchange", () => location.reload());
  offerFullScreen(document.querySelector("#full-screen"));
  keepLit();
  const token = await readToken();
  // whether it is heard is for those who look after kiosks; who stands here sees whether frames are
  const live = () => sayAlive(token).catch((error) => console.warn("Not heard:", error.message));
  if (token) {
    live();
    setInterval(live, ALIVE_EVERY_MS);
    await run(token);
  } else show("help", text("kiosk.no-token"), text("kiosk.no-token.detail"));
}

begin().catch(stop);
