// Fragments that htmx fetches: what is said when one cannot be had.

import { showIn } from "./problems.js";

const problem = () => document.getElementById("problem");

document.addEventListener("htmx:sendError", () => {
  showIn(problem(), document.body.dataset.unreachable);
});

// what was wrong is over when something of the same page is answered well again
document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  if (detail.xhr.status < 400) problem().replaceChildren();
});
