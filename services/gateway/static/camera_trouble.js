// The camera does not start: saying why, and waiting until it may.

import { closeCamera, openCamera } from "./camera.js";
import { pauseOrTap, show, tap } from "./screen.js";
import { text } from "./texts.js";

const REASONS = {
  NotAllowedError: "kiosk.camera.blocked",
  NotFoundError: "kiosk.camera.missing",
  NotReadableError: "kiosk.camera.in-use",
  InsecureContextError: "kiosk.camera.insecure",
};
// browsers say when a camera was plugged in, but not all of them always
const LOOK_AGAIN_MS = 3000;

/** Starts the camera, however long it takes; `lost` says that it was running before. */
export async function startCamera(video, lost) {
  show("starting", text("kiosk.starting"), text("kiosk.starting.detail"));
  for (;;) {
    try {
      await openCamera(video);
      return;
    } catch (error) {
      closeCamera(video);
      await waitFor(error, lost);
    }
  }
}

async function waitFor(error, lost) {
  const missing = error.name === "NotFoundError";
  const reason = missing && lost ? "kiosk.camera.unplugged" : (REASONS[error.name] ?? "kiosk.camera.other");
  show("help", text(reason), text(`${reason}.detail`), text("kiosk.try-again"));
  // only a missing camera comes back by itself; asking again for a blocked one would nag
  if (!missing) return tap();
  return pauseOrTap(LOOK_AGAIN_MS, [navigator.mediaDevices, "devicechange"]);
}
