// A sitting for some photos: camera on, the kiosk page's guidance, one photo a pose, camera off.

import { guidance } from "../attention.js";
import { cameraLive, closeCamera, openCamera, takeFrame } from "../camera.js";
import { Detector } from "../detector.js";

const POSES = ["front", "aside", "other-side"];
const GLANCE_MS = 200;
// somebody reads what to do, and does it, before they are photographed
const TIME_TO_TURN_MS = 2500;
const READY_LOOKS = 3;
// more than a kiosk sends: an enrolled face is compared for years
const LONGEST_SIDE = 1280;

export class Sitting {
  #video;
  #detectorUrl;
  #tell;
  #ended = new AbortController();
  #pressed = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {string|undefined} detectorUrl without one photos are taken by the button
   * @param {(pose: string, advice: string) => void} tell what to do
   */
  constructor(video, detectorUrl, tell) {
    this.#video = video;
    this.#detectorUrl = detectorUrl;
    this.#tell = tell;
  }

  /** Takes the photo now, whatever the detector thinks. */
  press() {
    this.#pressed = true;
  }

  end() {
    this.#ended.abort();
  }

  /**
   * Runs until all poses are photographed, it is ended, or the camera is gone.
   * @param {(photo: Blob) => Promise<boolean>} taken resolves to whether more are wanted
   * @throws {DOMException} where the camera does not start
   */
  async run(taken) {
    let detector = null;
    try {
      this.#tell("starting", "");
      await openCamera(this.#video);
      detector = await this.#startDetector();
      for (const pose of POSES) {
        if (!(await this.#posed(pose, detector))) return;
        if (!(await taken(await takeFrame(this.#video, LONGEST_SIDE)))) return;
      }
    } finally {
      detector?.close();
      closeCamera(this.#video);
    }
  }

  async #startDetector() {
    try {
      return this.#detectorUrl ? await Detector.start(this.#detectorUrl) : null;
    } catch (error) {
      console.warn("No face detector here:", error.message);
      return null;
    }
  }

  /** Resolves to true when somebody holds the pose or pressed the button, to false when there is no more to wait for. */
  async #posed(pose, detector) {
    const began = performance.now();
    let [before, ready] = [null, 0];
    this.#pressed = false;
    this.#tell(pose, detector ? "" : "by-hand");
    while (!this.#ended.signal.aborted && cameraLive(this.#video)) {
      if (this.#pressed) return true;
      const look = await this.#look(detector);
      if (look) {
        const advice = guidance(look, before);
        before = look;
        ready = advice === "ready" ? ready + 1 : 0;
        this.#tell(pose, advice);
        if (ready >= READY_LOOKS && performance.now() - began > TIME_TO_TURN_MS) return true;
      }
      await new Promise((resolve) => setTimeout(resolve, GLANCE_MS));
    }
    return false;
  }

  async #look(detector) {
    if (!detector || !this.#video.videoWidth) return null;
    try {
      return await detector.look(this.#video);
    } catch (error) {
      console.warn("The face detector stopped:", error.message);
      return null;
    }
  }
}
