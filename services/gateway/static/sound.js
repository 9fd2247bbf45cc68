// How an answer sounds: rising for yes, falling for no. Browsers give sound only after somebody touched the page;
// until then the answer is shown alone.

const TONES = { granted: [523.25, 783.99], denied: [311.13, 233.08] };
const TONE_SECONDS = 0.18;
const LOUDNESS = 0.2;

let context = null;

/** Plays the sound of "granted" or "denied". */
export function play(outcome) {
  context ??= new AudioContext();
  if (context.state === "suspended") {
    context.resume();
    return;
  }
  TONES[outcome].forEach((frequency, number) => tone(frequency, context.currentTime + number * TONE_SECONDS));
}

function tone(frequency, from) {
  const oscillator = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: LOUDNESS });
  // without the fade a tone ends in a click
  gain.gain.setTargetAtTime(0, from + TONE_SECONDS * 0.6, TONE_SECONDS / 8);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + TONE_SECONDS);
}
