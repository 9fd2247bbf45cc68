// The hours of a week, as a table that is painted with mouse, finger or keyboard and as from-to fields of each day. The
// hidden input of each day holds what is sent.

import { clock, DAY, open, paint, read, write } from "./hours.js";

const SLOT = 30;
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** Makes one day's from-to fields follow its hidden input, and the other way round. */
class DayFields {
  constructor(fieldset, row, changed) {
    this.input = fieldset.querySelector("input[type=hidden]");
    this.list = fieldset.querySelector("ul");
    this.row = row;
    this.changed = changed;
    fieldset.querySelector(".add-hours").addEventListener("click", () => {
      this.show([...this.hours, read("09:00-17:00")]);
      this.keep();
      this.list.lastElementChild.querySelector("input").focus();
    });
    this.list.addEventListener("input", () => this.keep());
    this.list.addEventListener("click", (event) => {
      if (!event.target.closest("button")) return;
      event.target.closest("li").remove();
      this.keep();
      fieldset.querySelector(".add-hours").focus();
    });
    this.show(this.hours);
  }

  get hours() {
    return JSON.parse(this.input.value).map(read);
  }

  set hours(hours) {
    this.input.value = JSON.stringify(hours.map(write));
    this.show(hours);
  }

  show(hours) {
    this.list.replaceChildren(
      ...hours.map((each) => {
        const row = this.row.content.firstElementChild.cloneNode(true);
        const [from, to] = row.querySelectorAll("input");
        from.value = clock(each.start);
        to.value = clock(each.end % DAY);
        return row;
      }),
    );
  }

  // a field that is being typed in has no value yet; the hours wait for it
  keep() {
    const rows = [...this.list.children].map((row) => [...row.querySelectorAll("input")].map((field) => field.value));
    const whole = rows.filter(([from, to]) => from && to);
    // midnight as an end is the day's own, and never its beginning
    this.input.value = JSON.stringify(whole.map(([from, to]) => `${from}-${to === "00:00" ? "24:00" : to}`));
    this.changed();
  }
}

class WeekView {
  constructor(element) {
    const row = element.querySelector("template");
    this.spoken = element.querySelector("[role=status]");
    this.words = element.dataset;
    this.days = [...element.querySelectorAll("fieldset[data-day]")].map((fieldset) => ({
      name: fieldset.dataset.day,
      fields: new DayFields(fieldset, row, () => this.color()),
    }));
    this.cells = this.build(element.querySelector("table"));
    this.color();
  }

  get week() {
    return this.days.map((day) => day.fields.hours);
  }

  build(table) {
    const body = table.tBodies[0];
    const cells = this.days.map(() => []);
    for (let start = 0; start < DAY; start += SLOT) {
      const line = body.insertRow();
      if (start % 60 === 0) {
        const hour = document.createElement("th");
        Object.assign(hour, { scope: "row", rowSpan: 60 / SLOT, textContent: clock(start) });
        line.append(hour);
      }
      for (const [day, { name }] of this.days.entries()) {
        const cell = line.insertCell();
        cell.dataset.place = `${day} ${start / SLOT}`;
        cell.tabIndex = -1;
        cell.setAttribute("aria-label", `${name} ${clock(start)}`);
        cells[day].push(cell);
      }
    }
    cells[0][(8 * 60) / SLOT].tabIndex = 0;
    this.readOnly = table.getAttribute("aria-readonly") === "true";
    body.addEventListener("keydown", (event) => this.press(event));
    body.addEventListener("pointerdown", (event) => this.begin(event, body));
    return cells;
  }

  color() {
    const week = this.week;
    for (const [day, slots] of this.cells.entries()) {
      for (const [slot, cell] of slots.entries()) {
        const much = open(week, day, slot * SLOT, (slot + 1) * SLOT);
        cell.dataset.open = much;
        cell.setAttribute("aria-selected", String(much === "all"));
      }
    }
  }

  /** Opens or closes all slots between two places. */
  fill([day, slot], [otherDay, otherSlot], opened) {
    const week = this.week;
    const [first, last] = [Math.min(slot, otherSlot), Math.max(slot, otherSlot)];
    for (let each = Math.min(day, otherDay); each <= Math.max(day, otherDay); each += 1) {
      paint(week, each, first * SLOT, (last + 1) * SLOT, opened);
    }
    for (const [each, { fields }] of this.days.entries()) fields.hours = week[each];
    this.color();
  }

  begin(event, body) {
    const first = placeOf(event.target);
    if (!first || event.button !== 0 || this.readOnly) return;
    event.preventDefault();
    const opened = this.cellAt(first).dataset.open !== "all";
    const painting = new AbortController();
    const { signal } = painting;
    let last = first;
    const move = (moved) => {
      last = placeOf(document.elementFromPoint(moved.clientX, moved.clientY)) ?? last;
      this.mark(first, last, opened);
    };
    const end = (ended) => {
      painting.abort();
      this.mark();
      if (ended.type === "pointerup") this.fill(first, last, opened);
      this.focus(last);
    };
    body.setPointerCapture(event.pointerId);
    body.addEventListener("pointermove", move, { signal });
    body.addEventListener("pointerup", end, { signal });
    body.addEventListener("pointercancel", end, { signal });
    this.mark(first, first, opened);
  }

  /** Shows what painting would do, before it is done. */
  mark(first, last, opened) {
    for (const [day, slots] of this.cells.entries()) {
      for (const [slot, cell] of slots.entries()) {
        const within = first && between(day, first[0], last[0]) && between(slot, first[1], last[1]);
        if (within) cell.dataset.painting = opened ? "open" : "closed";
        else delete cell.dataset.painting;
      }
    }
  }

  press(event) {
    const place = placeOf(event.target);
    if (!place) return;
    const step = ARROWS[event.key];
    if (step) {
      const next = [clamp(place[0] + step[0], 6), clamp(place[1] + step[1], DAY / SLOT - 1)];
      // what is dragged along becomes like the slot where it began
      if (event.shiftKey && !this.readOnly) this.fill(place, next, event.target.dataset.open === "all");
      this.focus(next);
      this.say(next);
    } else if (event.key === " " || event.key === "Enter") {
      if (!this.readOnly) this.fill(place, place, event.target.dataset.open !== "all");
      this.say(place);
    } else if (event.key === "Home" || event.key === "End") {
      this.focus([place[0], event.key === "Home" ? 0 : DAY / SLOT - 1]);
    } else return;
    event.preventDefault();
  }

  focus(place) {
    for (const cell of this.cells.flat()) cell.tabIndex = -1;
    const cell = this.cellAt(place);
    cell.tabIndex = 0;
    cell.focus();
  }

  say(place) {
    const cell = this.cellAt(place);
    const state = { all: this.words.open, some: this.words.partly, none: this.words.closed }[cell.dataset.open];
    this.spoken.textContent = `${cell.getAttribute("aria-label")}: ${state}`;
  }

  cellAt([day, slot]) {
    return this.cells[day][slot];
  }
}

/** Makes week views of the elements that say so, and from-to fields of days that stand alone. */
export function showWeeks(root) {
  for (const element of root.querySelectorAll("[data-week]")) new WeekView(element);
  for (const fieldset of root.querySelectorAll("fieldset[data-lone-day]")) {
    new DayFields(fieldset, fieldset.querySelector("template"), () => {});
  }
}

function placeOf(element) {
  return element?.closest("td[data-place]")?.dataset.place.split(" ").map(Number);
}

function between(value, one, other) {
  return value >= Math.min(one, other) && value <= Math.max(one, other);
}

function clamp(value, most) {
  return Math.max(0, Math.min(value, most));
}
