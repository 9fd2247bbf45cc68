// The screen as a device: it stays lit, and the page can fill it.

/** Keeps the screen lit; browsers let go of it whenever the page is hidden, so it is asked for again. */
export function keepLit() {
  if (!("wakeLock" in navigator)) return;
  const ask = () => {
    if (document.visibilityState !== "visible") return;
    navigator.wakeLock.request("screen").catch((error) => console.info("The screen may go dark:", error.message));
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** Lets `button` fill the screen with the page; it hides where that is impossible or already so. */
export function offerFullScreen(button) {
  const update = () => (button.hidden = !document.fullscreenEnabled || document.fullscreenElement !== null);
  button.addEventListener("click", () => document.documentElement.requestFullscreen());
  document.addEventListener("fullscreenchange", update);
  update();
}
