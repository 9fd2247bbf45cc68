// What the camera sees, as a tiny grey sketch: whether it is black, and whether it changed.

const WIDTH = 32;
const HEIGHT = 24;
// mean brightness, 0 to 255, below which a picture is black: cameras begin with such pictures
const BLACK = 8;
// Mean differences of two sketches, 0 to 255. A camera's noise stays below 2, a person stepping in moves 10 and more.
const CHANGED = 8;
const STILL = 4;

const canvas = document.createElement("canvas");
canvas.width = WIDTH;
canvas.height = HEIGHT;

/** The sketch of the scene, or null while the picture is black or not there yet. */
export function sketch(video) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return null;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, WIDTH, HEIGHT);
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
  const grey = new Float32Array(WIDTH * HEIGHT);
  let sum = 0;
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    // ITU-R BT.601 luma
    grey[pixel] = 0.299 * data[4 * pixel] + 0.587 * data[4 * pixel + 1] + 0.114 * data[4 * pixel + 2];
    sum += grey[pixel];
  }
  return sum / grey.length < BLACK ? null : grey;
}

/** Whether one scene is not the other any more. */
export function changed(one, other) {
  return difference(one, other) > CHANGED;
}

/** Whether nothing moved between two sketches. */
export function still(one, other) {
  return difference(one, other) < STILL;
}

function difference(one, other) {
  let sum = 0;
  for (let pixel = 0; pixel < one.length; pixel += 1) sum += Math.abs(one[pixel] - other[pixel]);
  return sum / one.length;
}
