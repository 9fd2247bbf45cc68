// The webcam: opening it, seeing whether the scene changed, taking a frame.

const FRAME_WIDTH = 640;
const JPEG_QUALITY = 0.9;
const SKETCH_WIDTH = 32;
const SKETCH_HEIGHT = 24;
// mean brightness, 0 to 255, below which a frame is black: cameras begin with such frames
const BLACK = 8;

const canvas = document.createElement("canvas");
const sketchCanvas = document.createElement("canvas");
sketchCanvas.width = SKETCH_WIDTH;
sketchCanvas.height = SKETCH_HEIGHT;

/** Opens the camera and plays it in `video`. Throws a DOMException that says why not. */
export async function openCamera(video) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DOMException("getUserMedia needs https or localhost", "InsecureContextError");
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  video.srcObject = stream;
  await video.play();
}

/** Whether the camera still delivers; it ends when it is unplugged or its permission is withdrawn. */
export function cameraLive(video) {
  return video.srcObject?.getVideoTracks().some((track) => track.readyState === "live") ?? false;
}

export function closeCamera(video) {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

/** A tiny grey picture of the scene, or null while the picture is black or not there yet. */
export function sketch(video) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return null;
  const context = sketchCanvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, SKETCH_WIDTH, SKETCH_HEIGHT);
  const { data } = context.getImageData(0, 0, SKETCH_WIDTH, SKETCH_HEIGHT);
  const grey = new Float32Array(SKETCH_WIDTH * SKETCH_HEIGHT);
  let sum = 0;
  for (let pixel = 0; pixel < grey.length; pixel += 1) {
    // ITU-R BT.601 luma
    grey[pixel] = 0.299 * data[4 * pixel] + 0.587 * data[4 * pixel + 1] + 0.114 * data[4 * pixel + 2];
    sum += grey[pixel];
  }
  return sum / grey.length < BLACK ? null : grey;
}

/** How different two sketches are: mean absolute difference of brightness, 0 to 255. */
export function difference(one, other) {
  let sum = 0;
  for (let pixel = 0; pixel < one.length; pixel += 1) sum += Math.abs(one[pixel] - other[pixel]);
  return sum / one.length;
}

/** The current frame as a JPEG, at most 640 pixels on its long side. */
export function takeFrame(video) {
  const scale = Math.min(1, FRAME_WIDTH / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the browser made no JPEG of the frame"))),
      "image/jpeg",
      JPEG_QUALITY,
    );
  });
}
