// A view in a chat: shows what a tool answered, and asks again when its controls are moved (MCP Apps 2026-01-26).
//
// In: the host's messages, JSON-RPC over postMessage. Out: the charts and tables of the pages. Never: a request of its own to
// anybody but the host, markup that was not cleaned, a message of a window that is not the host.
"use strict";
(() => {
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const tool = document.body.dataset.tool;
  const form = document.querySelector("form");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const waiting = new Map();
  let lang = navigator.language.startsWith("ko") ? "ko" : "en";
  let said = "view_waiting";
  let host = {};
  let context = {};
  let given = {};
  let kpis = [];
  let result;
  let last = 0;
  let asked = 0;
  let pause;

  const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const request = (method, params) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      post({ id: last, method, params });
    });

  // Controls.

  const controls = () => [...form.elements].filter((one) => one.name);

  function value(control) {
    const text = control.value.trim();
    if (text === "" || text === control.dataset.none) return undefined;
    return control.dataset.kind === "integer" ? Number(text) : text;
  }

  function question() {
    const args = { ...given };
    for (const control of controls()) {
      const chosen = value(control);
      if (chosen === undefined) delete args[control.name];
      else args[control.name] = chosen;
    }
    return args;
  }

  function fill() {
    for (const control of controls()) {
      const text = String(given[control.name] ?? control.dataset.none ?? "");
      if (control.type === "range" && Number(text) > Number(control.max)) control.max = text;
      if (control.type === "range" && Number(text) < Number(control.min)) control.min = text;
      if (control.tagName === "SELECT" && text !== "" && ![...control.options].some((one) => one.value === text)) control.add(new Option(text, text));
      control.value = text;
    }
    measure();
  }

  function measure() {
    for (const one of form.querySelectorAll("output")) one.textContent = one.previousElementSibling.value + (one.dataset.unit ?? "");
  }

  function offer() {
    const choice = form.elements.namedItem("name");
    if (!choice || kpis.length === 0) return;
    const chosen = choice.value;
    choice.replaceChildren(...kpis.map((kpi) => new Option(lang === "ko" ? kpi.title_ko : kpi.title, kpi.name)));
    choice.value = chosen;
  }

  // What is shown.

  function clean(html) {
    const { body } = new DOMParser().parseFromString(html, "text/html");
    const never = "script,style,link,meta,base,iframe,object,embed,form,img,image,video,audio,use,foreignObject,animate,set,a,template";
    for (const one of body.querySelectorAll(never)) one.remove();
    for (const one of body.querySelectorAll("*")) {
      for (const { name } of [...one.attributes]) if (/^on|^style$|href$|^src|^action$|^formaction$/i.test(name)) one.removeAttribute(name);
    }
    return [...body.childNodes];
  }

  function paint() {
    document.documentElement.lang = lang;
    for (const one of document.querySelectorAll("[data-t]")) one.textContent = texts[lang][one.dataset.t];
    document.title = document.querySelector("h1").textContent;
    offer();
    const html = result?._meta?.["loop.exec/view"]?.[lang];
    if (html && !result.isError) {
      const opened = [...shown.querySelectorAll("details")].map((one) => one.open);
      shown.replaceChildren(...clean(html));
      for (const [at, one] of shown.querySelectorAll("details").entries()) one.open = opened[at] ?? false;
    } else if (result) {
      const plain = document.createElement("p");
      plain.className = result.isError ? "notice bad" : "notice";
      plain.textContent = (result.content ?? []).map((one) => one.text ?? "").join("\n");
      shown.replaceChildren(plain);
    }
    state.textContent = said ? texts[lang][said] : "";
  }

  function say(key) {
    said = key;
    state.textContent = key ? texts[lang][key] : "";
    shown.setAttribute("aria-busy", String(key === "view_asking"));
  }

  function show(answer) {
    result = answer;
    say("");
    paint();
  }

  // Asking, through the host.

  async function ask() {
    asked += 1;
    const mine = asked;
    const args = question();
    say("view_asking");
    try {
      const answer = await request("tools/call", { name: tool, arguments: args });
      if (mine !== asked) return;
      given = args;
      show(answer);
      await tell(args, answer.structuredContent);
    } catch {
      if (mine === asked) say("view_failed");
    }
  }

  // What the person chose, for the model's next turn.
  async function tell(args, answer) {
    if (!host.updateModelContext || !answer) return;
    const left = answer.base && `Months left: ${answer.base.months_left ?? "unknown"} (base), ${answer.scenario.months_left ?? "unknown"} (scenario).`;
    const text = `In the view of ${tool} the user chose ${JSON.stringify(args)}. ${left ?? `Value: ${answer.value ?? "unknown"}.`}`;
    await request("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => undefined);
  }

  async function connect() {
    if (!host.serverTools) return;
    form.hidden = false;
    if (!form.elements.namedItem("name")) return;
    const listed = await request("tools/call", { name: "kpi_list", arguments: {} }).catch(() => undefined);
    kpis = (listed?.structuredContent?.kpis ?? []).filter((kpi) => kpi.configured);
    offer();
    fill();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    measure();
    // Another interval is another range.
    if (event.target.name === "interval") {
      delete given.from;
      delete given.to;
    }
    clearTimeout(pause);
    pause = setTimeout(() => form.checkValidity() && ask(), 250);
  });

  // The host.

  function follow(change) {
    context = { ...context, ...change };
    const dark = context.theme ? context.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    if (context.locale) lang = context.locale.toLowerCase().startsWith("ko") ? "ko" : "en";
    paint();
  }

  const told = {
    "ui/notifications/tool-input": ({ arguments: args }) => {
      given = { ...args };
      delete given.chart;
      fill();
    },
    "ui/notifications/tool-result": show,
    "ui/notifications/tool-cancelled": () => say("view_cancelled"),
    "ui/notifications/host-context-changed": follow,
  };

  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || data?.jsonrpc !== "2.0") return;
    const { id, method, params } = data;
    if (method === undefined) {
      const one = waiting.get(id);
      waiting.delete(id);
      if (data.error) one?.reject(new Error(data.error.message));
      else one?.resolve(data.result);
    } else if (id === undefined) {
      told[method]?.(params ?? {});
    } else if (method === "ping" || method === "ui/resource-teardown") {
      post({ id, result: {} });
    } else {
      post({ id, error: { code: -32601, message: "Method not found" } });
    }
  });

  let began = false;
  let size = "";
  function grow() {
    const params = { width: window.innerWidth, height: Math.ceil(document.body.getBoundingClientRect().height) };
    if (!began || size === JSON.stringify(params)) return;
    size = JSON.stringify(params);
    post({ method: "ui/notifications/size-changed", params });
  }
  new ResizeObserver(grow).observe(document.body);

  follow({});
  request("ui/initialize", {
    protocolVersion: "2026-01-26",
    appInfo: { name: `loop-exec-${tool}`, version: document.body.dataset.version },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  }).then((answer) => {
    host = answer.hostCapabilities ?? {};
    post({ method: "ui/notifications/initialized", params: {} });
    began = true;
    follow(answer.hostContext ?? {});
    grow();
    return connect();
  });
})();
