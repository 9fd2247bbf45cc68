// The kiosk's course: camera, look, check, answer, and again for the next visitor.

import { cameraLive, closeCamera, difference, openCamera, sketch, takeFrame } from "./camera.js";
import { NoDecision, recognize } from "./gateway.js";
import { pauseOrTap, show, tap } from "./screen.js";

const TOKEN_KEY = "facegate.token";
const ANSWER_SHOWN_MS = 4000;
const GLANCE_MS = 200;
// a camera that just started still adjusts its exposure
const FIRST_LOOK_MS = 700;
// Mean differences of the sketches, 0 to 255. A camera's noise stays below 2, a person stepping in moves 10 and
// more. Frames cost money: an unchanged scene is not posted twice.
const CHANGED = 8;
const STILL = 4;
// somebody who never stands still is photographed all the same
const LONGEST_RESTLESSNESS_MS = 1500;
const FIRST_BACKOFF_SECONDS = 1;
const LONGEST_BACKOFF_SECONDS = 30;

const video = document.querySelector("#camera");
const wait = Number(document.body.dataset.wait);
const frameWorthMs = Number(document.body.dataset.frameWorth) * 1000;

/** Takes the token out of the address, where the next visitor would see it, and keeps it in this browser. */
function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return localStorage.getItem(TOKEN_KEY);
}

const CAMERA_HELP = {
  NotAllowedError: [
    "The camera is blocked",
    "Allow the camera for this page: the camera sign in the address bar, or the browser's site settings. Then press the button.",
  ],
  NotFoundError: ["No camera found", "Plug a webcam in, then press the button."],
  NotReadableError: ["The camera is in use", "Close other programs that use the camera, then press the button."],
  InsecureContextError: [
    "The camera needs a secure address",
    "Browsers give the camera only to https addresses and to localhost. Open this page over https.",
  ],
};
const ANY_CAMERA_HELP = ["The camera does not start", "Check its cable and the browser's settings, then press the button."];

async function startCamera() {
  for (;;) {
    show("starting", "One moment", "Starting the camera. Please allow it if the browser asks.");
    try {
      await openCamera(video);
      return;
    } catch (error) {
      closeCamera(video);
      const [title, sentence] = CAMERA_HELP[error.name] ?? ANY_CAMERA_HELP;
      show("help", title, sentence, "Try again");
      await tap();
    }
  }
}

/**
 * Waits until the picture is live, differs from the last one posted and stands still, or the visitor taps.
 * Resolves to the sketch of the scene, or to null when the camera is gone.
 */
async function someoneLooks(posted) {
  const began = performance.now();
  let last = null;
  let restlessSince = null;
  for (;;) {
    const tapped = await pauseOrTap(GLANCE_MS);
    if (!cameraLive(video)) return null;
    if (document.hidden) continue;
    const now = sketch(video);
    if (now && tapped) return now;
    if (now && !posted && performance.now() - began > FIRST_LOOK_MS) return now;
    if (now && last && posted && difference(now, posted) > CHANGED) {
      restlessSince ??= performance.now();
      const restless = performance.now() - restlessSince;
      if (difference(now, last) < STILL || restless > LONGEST_RESTLESSNESS_MS) return now;
    } else {
      restlessSince = null;
    }
    last = now;
  }
}

function showDecision(decision) {
  if (decision.outcome === "granted") {
    show("granted", decision.message, "The door is open.");
  } else {
    show("denied", "Not admitted", decision.message, "Try again");
  }
}

const TROUBLE = {
  unreachable: "No connection",
  unavailable: "Out of service for a moment",
  token: "This kiosk is not registered",
  slow: "No answer in time",
};

/** Says what is wrong and waits, longer each time; the door stays shut meanwhile. */
async function waitOutTrouble(error, failures) {
  const backoff = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (failures - 1), LONGEST_BACKOFF_SECONDS);
  // kiosks that failed together should not come back together
  const seconds = Math.max(error.retryAfter ?? 0, backoff) * (1 + Math.random() / 4);
  show("trouble", TROUBLE[error.kind], `${error.message} Trying again in ${Math.ceil(seconds)} s.`, "Try again");
  await pauseOrTap(seconds * 1000);
}

/** Takes a frame of the scene; its key makes the gateway decide about it once, however often it is posted. */
async function capture(scene) {
  return { scene, frame: await takeFrame(video), key: crypto.randomUUID(), takenAt: performance.now() };
}

async function run(token) {
  let posted = null;
  let failures = 0;
  let unanswered = null;
  for (;;) {
    if (!cameraLive(video)) {
      await startCamera();
      posted = unanswered = null;
    }
    if (!unanswered) {
      show("looking", "Please look at the camera", "", posted ? "Try again" : "");
      const scene = await someoneLooks(posted);
      if (!scene) continue;
      unanswered = await capture(scene);
    }
    const { scene, frame, key, takenAt } = unanswered;
    unanswered = null;
    show("checking", "One moment", "Checking who you are.");
    try {
      showDecision(await recognize(frame, key, token, wait));
      posted = scene;
      failures = 0;
      await pauseOrTap(ANSWER_SHOWN_MS).then((tapped) => tapped && (posted = null));
    } catch (error) {
      if (!(error instanceof NoDecision)) throw error;
      if (error.kind === "refused") {
        posted = scene;
        show("denied", "Not admitted", error.message, "Try again");
        await pauseOrTap(ANSWER_SHOWN_MS);
      } else {
        failures += 1;
        await waitOutTrouble(error, failures);
        posted = null;
        // later the visitor may have gone and another come: then a new frame is taken
        if (performance.now() - takenAt < frameWorthMs) unanswered = { scene, frame, key, takenAt };
      }
    }
  }
}

const token = readToken();
// a new token typed into the address of an open page
addEventListener("hashchange", () => location.reload());
if (token) {
  run(token).catch((error) => {
    console.error(error);
    show("help", "This page stopped working", "The door stays shut. Press the button to start it again.", "Start again");
    tap().then(() => location.reload());
  });
} else {
  show(
    "help",
    "This kiosk has no token",
    "Open this page with the address that registering the kiosk printed; it ends with #token= and the token.",
  );
}
