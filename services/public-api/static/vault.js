// Search as you type. Without it the form works as it is.
"use strict";

(() => {
  const form = document.querySelector("form[data-found]");
  const input = form?.querySelector("input[name=q]");
  const results = document.getElementById("results");
  if (!input || !results) return;
  let waiting = 0;
  let running = null;
  const ask = async () => {
    running?.abort();
    running = new AbortController();
    const query = new URLSearchParams({ q: input.value });
    try {
      const answer = await fetch(`${form.dataset.found}?${query}`, { signal: running.signal, redirect: "error", credentials: "same-origin" });
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) return;
      // The server escaped everything in it; parsing it apart runs nothing.
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      results.replaceChildren(...page.body.childNodes);
      history.replaceState(null, "", input.value ? `${form.getAttribute("action")}?${query}` : form.getAttribute("action"));
    } catch { /* a newer question is on its way, or the network is gone: the form still works */ }
  };
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 150); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); ask(); });
})();
