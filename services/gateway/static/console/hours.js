// The hours of a week: for each day a list of { start, end } in minutes since its midnight. What passes midnight belongs
// to the day on which it begins, and ends after DAY.

export const DAY = 24 * 60;

/** Reads "08:00-18:00"; "22:00-06:00" passes midnight. */
export function read(text) {
  const [start, end] = text.split("-").map((clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3)));
  return { start, end: end > start ? end : end + DAY };
}

/** Writes "08:00-18:00", and the end of a day as 24:00. */
export function write({ start, end }) {
  return `${clock(start)}-${clock(end > DAY ? end - DAY : end)}`;
}

/** A time of day, as in "08:00". */
export function clock(minutes) {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** Opens or closes a part of a day, wherever the hours that cover it begin. */
export function paint(week, day, start, end, open) {
  if (open) {
    week[day].push({ start, end });
  } else {
    const before = (day + 6) % 7;
    week[day] = without(week[day], start, end);
    week[before] = without(week[before], start + DAY, end + DAY);
  }
  settle(week);
}

/** How much of a part of a day is open: "all", "some" or "none". */
export function open(week, day, start, end) {
  const shifted = week[(day + 6) % 7].map((hours) => ({ start: hours.start - DAY, end: hours.end - DAY }));
  const free = [...week[day], ...shifted].reduce((rest, hours) => without(rest, hours.start, hours.end), [{ start, end }]);
  if (!free.length) return "all";
  return free.length === 1 && free[0].start === start && free[0].end === end ? "none" : "some";
}

function without(list, start, end) {
  return list
    .flatMap((hours) => [
      { start: hours.start, end: Math.min(hours.end, start) },
      { start: Math.max(hours.start, end), end: hours.end },
    ])
    .filter((hours) => hours.start < hours.end);
}

// Hours that begin after their day's midnight move to the next one, and those of more than a day are divided there.
function settle(week) {
  for (const day of week.keys()) {
    const next = week[(day + 1) % 7];
    const own = [];
    for (const hours of merged(week[day])) {
      if (hours.start >= DAY) next.push({ start: hours.start - DAY, end: hours.end - DAY });
      else if (hours.end - hours.start > DAY || (hours.start === 0 && hours.end > DAY)) {
        own.push({ start: hours.start, end: DAY });
        next.push({ start: 0, end: Math.min(hours.end, 2 * DAY) - DAY });
      } else own.push(hours);
    }
    week[day] = own;
  }
  for (const day of week.keys()) week[day] = merged(week[day]);
}

function merged(list) {
  const united = [];
  for (const hours of list.toSorted((one, other) => one.start - other.start)) {
    const last = united.at(-1);
    if (last && hours.start <= last.end) last.end = Math.max(last.end, hours.end);
    else united.push({ ...hours });
  }
  return united;
}
