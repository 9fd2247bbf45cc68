// The webcam: opening it, whether it lives, taking frames.

const FRAME_WIDTH = 640;
const JPEG_QUALITY = 0.9;

const canvas = document.createElement("canvas");

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

/** The current frame as a JPEG, at most so many pixels on its long side. */
export function takeFrame(video, longest = FRAME_WIDTH) {
  const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
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
