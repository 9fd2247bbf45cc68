// The charts of the machinery, drawn from the table that stands below them, anew whenever that is.

/* global uPlot */

const LANGUAGE = document.documentElement.lang;
const NUMBERS = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const MOMENTS = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "short", timeStyle: "short" });
const DAY_SECONDS = 86_400;
const plots = new Map();

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The table as numbers: when each step began, and by the names of columns their words, tone, total and values. */
function readTable() {
  const rows = [...document.querySelectorAll("#figures tbody tr")];
  const totals = [...document.querySelectorAll("#figures tfoot td")];
  const columns = new Map();
  document.querySelectorAll("#figures th[data-column]").forEach((head, index) => {
    columns.set(head.dataset.column, {
      words: head.textContent,
      tone: head.dataset.tone,
      total: totals[index].textContent,
      // what was not measured is a gap, not a zero
      values: rows.map(({ cells }) => {
        const { value } = cells[index + 1].dataset;
        return value === undefined ? null : Number(value);
      }),
    });
  });
  return { times: rows.map((row) => Number(row.dataset.at)), columns };
}

function sayMoments() {
  for (const row of document.querySelectorAll("#figures tbody tr")) {
    row.cells[0].textContent = MOMENTS.format(Number(row.dataset.at) * 1000);
  }
}

function timesOfAxis(_, splits) {
  const long = splits.at(-1) - splits[0] > DAY_SECONDS;
  const shape = long
    ? { weekday: "short", hour: "2-digit", minute: "2-digit" }
    : { hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat(LANGUAGE, shape);
  return splits.map((seconds) => format.format(seconds * 1000));
}

function options(lines, { clientWidth, clientHeight }) {
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  return {
    width: clientWidth,
    height: clientHeight,
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, values: timesOfAxis, space: 80 },
      { ...axis, values: (_, splits) => splits.map((value) => NUMBERS.format(value)), size: 56 },
    ],
    series: [
      {},
      ...lines.map(({ words, tone }, index) => ({
        label: words,
        stroke: colour(tone),
        width: 2,
        // told apart without colours too
        dash: index ? [[], [6, 3], [2, 3], [10, 4]][index] : undefined,
        points: { show: true, size: 4, fill: colour(tone) },
      })),
    ],
  };
}

function summarise(figure, lines) {
  const parts = lines.map(({ words, tone, total }) => {
    const key = document.createElement("span");
    key.className = "key";
    key.dataset.tone = tone;
    key.append(`${words}: ${total}`);
    return key;
  });
  figure.querySelector(".summary").replaceChildren(...parts.flatMap((part, index) => (index ? [" · ", part] : [part])));
}

function draw() {
  const { times, columns } = readTable();
  for (const figure of document.querySelectorAll("[data-columns]")) {
    const lines = figure.dataset.columns.split(" ").map((name) => columns.get(name));
    const data = [times, ...lines.map(({ values }) => values)];
    const room = figure.querySelector(".plot");
    if (plots.has(figure)) plots.get(figure).setData(data);
    else plots.set(figure, new uPlot(options(lines, room), data, room));
    summarise(figure, lines);
  }
  sayMoments();
}

/** Colours and sizes are drawn, not styled: whatever changes them has the charts made anew. */
function drawAnew() {
  plots.forEach((plot) => plot.destroy());
  plots.clear();
  draw();
}

draw();
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "figures") draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAnew);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  drawAnew();
});
