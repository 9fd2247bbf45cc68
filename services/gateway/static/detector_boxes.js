// What the detector's outputs mean: a score and a box for each of its prior boxes. The numbers are those of the
// published network, the same as in the default model pack's pack.toml.

export const INPUT = { width: 160, height: 120 };

const STRIDES = [8, 16, 32, 64];
const PRIOR_SIDES = [[10, 16, 24], [32, 48], [64, 96], [128, 192, 256]];
const CENTER_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;
const MIN_SCORE = 0.65;
const MAX_OVERLAP = 0.4;

const PRIORS = STRIDES.flatMap((stride, layer) => {
  const rows = Math.ceil(INPUT.height / stride);
  const columns = Math.ceil(INPUT.width / stride);
  return Array.from({ length: rows * columns }, (_, place) =>
    PRIOR_SIDES[layer].map((side) => ({
      x: (((place % columns) + 0.5) * INPUT.width) / columns,
      y: ((Math.floor(place / columns) + 0.5) * INPUT.height) / rows,
      width: Math.min(side, INPUT.width),
      height: Math.min(side, INPUT.height),
    })),
  ).flat();
});

/**
 * The faces among the network's outputs, surest first, in pixels of its input.
 * @param {Float32Array} logits two of each prior: no face, face
 * @param {Float32Array} offsets four of each prior: centre, size
 */
export function decode(logits, offsets) {
  const bar = Math.log(MIN_SCORE / (1 - MIN_SCORE));
  const found = [];
  PRIORS.forEach((prior, number) => {
    const margin = logits[2 * number + 1] - logits[2 * number];
    if (margin >= bar) found.push({ margin, ...box(prior, offsets.subarray(4 * number, 4 * number + 4)) });
  });
  found.sort((one, other) => other.margin - one.margin);
  const kept = [];
  for (const face of found) {
    if (kept.every((other) => overlap(face, other) <= MAX_OVERLAP)) kept.push(face);
  }
  return kept;
}

function box(prior, [x, y, wide, high]) {
  const width = prior.width * Math.exp(wide * SIZE_VARIANCE);
  const height = prior.height * Math.exp(high * SIZE_VARIANCE);
  const left = prior.x + x * CENTER_VARIANCE * prior.width - width / 2;
  const top = prior.y + y * CENTER_VARIANCE * prior.height - height / 2;
  return { left, top, width, height };
}

/** Intersection over union. */
function overlap(one, other) {
  const wide = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const high = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  const both = Math.max(wide, 0) * Math.max(high, 0);
  return both / (one.width * one.height + other.width * other.height - both);
}
