// Finding faces in the picture, in a worker so that the page never stutters. It spares the gateway pictures of
// nobody; it is no check of anything, the gateway judges every picture by itself.

const START_MS = 20_000;
const LOOK_MS = 3_000;

/** A face detector in a Web Worker. */
export class Detector {
  #worker;

  constructor(worker) {
    this.#worker = worker;
  }

  /** Starts the worker at `url` and loads its network; throws where this browser cannot run it. */
  static async start(url) {
    const detector = new Detector(new Worker(url, { type: "module" }));
    try {
      await detector.#answer(START_MS);
    } catch (error) {
      detector.close();
      throw error;
    }
    return detector;
  }

  /** The faces that `video` shows now, as `guidance` takes them. */
  async look(video) {
    const picture = await createImageBitmap(video);
    this.#worker.postMessage(picture, [picture]);
    return this.#answer(LOOK_MS);
  }

  close() {
    this.#worker.terminate();
  }

  #answer(milliseconds) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the detector is too slow here")), milliseconds);
      this.#worker.onmessage = ({ data }) => {
        clearTimeout(timer);
        resolve(data);
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        clearTimeout(timer);
        reject(new Error(event.message ?? "the detector cannot be loaded"));
      };
    });
  }
}
