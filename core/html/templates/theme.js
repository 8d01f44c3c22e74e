"use strict";
(() => { // in the head, so that no page is painted light first
  const root = document.documentElement;
  const key = "softvote-theme";
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");

  function kept() { // a browser may refuse storage to a page that is a file
    try { return localStorage.getItem(key); } catch { return null; }
  }

  function keep(theme) {
    try { localStorage.setItem(key, theme); } catch { /* the page alone has it */ }
  }

  function show() {
    const theme = kept() ?? (prefersDark.matches ? "dark" : "light");
    if (theme !== root.dataset.theme) set(theme);
  }

  function set(theme) {
    root.dataset.theme = theme === "dark" ? "dark" : "light";
    name();
    root.dispatchEvent(new Event("themechange"));
  }

  function name() {
    const button = document.getElementById("theme");
    if (button) button.textContent = root.dataset.theme === "dark" ? "Light theme" : "Dark theme";
  }

  show();
  prefersDark.addEventListener("change", show);
  addEventListener("storage", show);
  addEventListener("DOMContentLoaded", () => {
    name();
    document.getElementById("theme").addEventListener("click", () => {
      const other = root.dataset.theme === "dark" ? "light" : "dark";
      keep(other);
      set(other);
    });
  });
})();
