// The detector's worker: a picture in, faces out.

import { decode, INPUT } from "./detector_boxes.js";
import { env, InferenceSession, Tensor } from "./vendor/ort.wasm.bundle.min.mjs";

// brightness of the margin that a picture of another shape leaves, as the network was trained with
const MARGIN = "rgb(127 127 127)";
const FACE_SIDE = 64;

const input = new OffscreenCanvas(INPUT.width, INPUT.height).getContext("2d", { willReadFrequently: true });
const crop = new OffscreenCanvas(FACE_SIDE, FACE_SIDE).getContext("2d", { willReadFrequently: true });
const planes = new Float32Array(3 * INPUT.width * INPUT.height);

// a worker tells its page of errors, but not of rejected promises
addEventListener("unhandledrejection", ({ reason }) =>
  setTimeout(() => {
    throw reason;
  }),
);

/** A file that is kept packed; the gateway says so to the browser, which unpacks it. */
async function packed(name) {
  const answer = await fetch(new URL(`./vendor/${name}.gz`, import.meta.url));
  if (!answer.ok) throw new Error(`${name} answered with status ${answer.status}`);
  return answer.arrayBuffer();
}

const [runtime, network] = await Promise.all([packed("ort-wasm-simd-threaded.wasm"), packed("fr_detect.onnx")]);
// more threads need a page isolated from all others, and one look takes milliseconds
env.wasm.numThreads = 1;
env.wasm.wasmBinary = runtime;
const session = await InferenceSession.create(network, { executionProviders: ["wasm"] });

/** Fills the network's input; returns how many of its pixels one of the picture's is. */
function draw(picture) {
  const scale = Math.min(INPUT.width / picture.width, INPUT.height / picture.height);
  input.fillStyle = MARGIN;
  input.fillRect(0, 0, INPUT.width, INPUT.height);
  input.drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
  const { data } = input.getImageData(0, 0, INPUT.width, INPUT.height);
  const pixels = INPUT.width * INPUT.height;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      planes[channel * pixels + pixel] = (data[4 * pixel + channel] - 127) / 128;
    }
  }
  return scale;
}

/** Variance of the Laplacian over the variance of brightness, of a face; light does not change it, blur does. */
function sharpness(picture, { left, top, width, height }) {
  crop.drawImage(picture, left, top, width, height, 0, 0, FACE_SIDE, FACE_SIDE);
  const { data } = crop.getImageData(0, 0, FACE_SIDE, FACE_SIDE);
  const grey = (x, y) => {
    const at = 4 * (y * FACE_SIDE + x);
    return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  };
  const brightness = [];
  const edges = [];
  for (let y = 1; y < FACE_SIDE - 1; y += 1) {
    for (let x = 1; x < FACE_SIDE - 1; x += 1) {
      const here = grey(x, y);
      brightness.push(here);
      edges.push(grey(x - 1, y) + grey(x + 1, y) + grey(x, y - 1) + grey(x, y + 1) - 4 * here);
    }
  }
  return variance(edges) / Math.max(variance(brightness), 1);
}

function variance(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

async function look(picture) {
  const scale = draw(picture);
  const shape = [1, 3, INPUT.height, INPUT.width];
  const { logits, offsets } = await session.run({ input: new Tensor("float32", planes, shape) });
  const boxes = decode(logits.data, offsets.data).sort((one, other) => other.width - one.width);
  const faces = boxes.map(({ left, top, width, height }) => ({
    x: (left + width / 2) / scale / picture.width,
    y: (top + height / 2) / scale / picture.height,
    width: width / scale / picture.width,
    height: height / scale / picture.height,
  }));
  const [first] = boxes;
  const place = first && {
    left: first.left / scale,
    top: first.top / scale,
    width: first.width / scale,
    height: first.height / scale,
  };
  return { faces, sharpness: first ? sharpness(picture, place) : 0 };
}

addEventListener("message", async ({ data: picture }) => {
  const seen = await look(picture);
  picture.close();
  postMessage(seen);
});
// the network compiles at its first run
await session.run({ input: new Tensor("float32", planes, [1, 3, INPUT.height, INPUT.width]) });
postMessage("ready");
