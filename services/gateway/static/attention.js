// From what the detector sees to what the visitor should do. All measures are parts of the picture's width or height.

// Width of a face near enough to be recognised: some 80 pixels of the 640 that are sent.
const NEAR_ENOUGH = 0.125;
// A second face of this part of the first one's width belongs to somebody who stands at the door too.
const RIVAL = 0.6;
// How far from the middle a face may stand.
const ASIDE = 0.32;
// How far a face may move between two looks, in parts of its width, and how much larger or smaller it may become.
const STEADY_MOVE = 0.15;
const STEADY_GROWTH = 1.2;
// Variance of the Laplacian over the variance of the picture, of the face drawn 64 x 64. Of 25 sharp portraits at four
// distances 98 of 100 had .095 and more; blurred by a Gaussian of 3 % of the face's width, the median was .02.
const SHARP = 0.02;

/**
 * What the visitor should do next: "nobody" is there, come "closer", to the "middle", "one" person please, hold
 * "still", or nothing: "ready".
 * @param {{faces: {x: number, y: number, width: number, height: number}[], sharpness: number}} look
 *   faces by their centres, the largest first, and how sharp that one is
 * @param {object|null} before the look before it
 */
export function guidance(look, before) {
  const [face, rival] = look.faces;
  if (!face) return "nobody";
  if (rival && rival.width > RIVAL * face.width) return "one";
  if (face.width < NEAR_ENOUGH) return "closer";
  if (Math.abs(face.x - 0.5) > ASIDE) return "middle";
  const last = before?.faces[0];
  return last && steady(face, last) && look.sharpness >= SHARP ? "ready" : "still";
}

function steady(face, last) {
  const growth = face.width / last.width;
  const moved = Math.hypot(face.x - last.x, face.y - last.y);
  return moved < STEADY_MOVE * face.width && growth < STEADY_GROWTH && growth > 1 / STEADY_GROWTH;
}
