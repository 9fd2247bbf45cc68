// The page's address follows what is looked for, so that the page comes back as it was left. htmx would do it, but with
// the history that it keeps, which has what pages showed; here it keeps none.

document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
  const address = detail.xhr.getResponseHeader("HX-Replace-Url");
  if (address) history.replaceState(null, "", address);
});
