// The page that tries the API. Reads /api/openapi.json, builds a form per operation, sends it, shows the answer.
// Asks as whoever is signed in to the pages, or with a token that lives in the input element alone: no storage.
"use strict";

const WORDS = {
  en: {
    skip: "Skip to the operation", token: "Access token", forget: "Forget",
    who: "Who asks", signed: "Signed in as", vault: "To the vault", signIn: "Sign in", signInNote: "to try the API as yourself.",
    other: "Use an access token instead", problems: "Problems", problemsNote: "Every error is application/problem+json (RFC 9457): `error` is the kind for programs, `detail` what to do about it.",
    tokenNote: "Stays in this tab's memory only: it is not stored, and reloading the page forgets it.",
    operations: "Operations", loading: "Reading the API's description…", failed: "The description could not be read: ",
    send: "Send", sending: "Sending…", stop: "Stop", parameters: "Parameters", none: "This operation takes no parameters.",
    answer: "Answer", headers: "Headers", answers: "Possible answers", code: "Status", meaning: "Meaning",
    needs: "needs ", open: "no token needed", required: "required", list: "Several values: separate them by commas.",
    cut: "Cut here. The rest was not read: ", unreachable: "No answer: the server could not be reached.",
    hint401: "The API does not accept this token. Paste a fresh one above.", hint401none: "Sign in above first, or use an access token.",
    hint403: "The token is good but lacks a scope; ask for it at login.", ms: " ms", empty: "(empty body)",
    stopped: "Stopped.", default: "Default: ", such: "e.g. ",
  },
  ko: {
    skip: "작업으로 건너뛰기", token: "액세스 토큰", forget: "지우기",
    who: "누구로 요청하나", signed: "로그인한 사람:", vault: "볼트로", signIn: "로그인", signInNote: "하면 자신의 권한으로 API를 써 볼 수 있습니다.",
    other: "대신 액세스 토큰 쓰기", problems: "오류", problemsNote: "모든 오류는 application/problem+json (RFC 9457)이다. `error` 는 프로그램이 읽을 종류, `detail` 은 할 일이다.",
    tokenNote: "이 탭의 메모리에만 있습니다. 저장하지 않으며, 새로 고치면 사라집니다.",
    operations: "작업", loading: "API 설명을 읽는 중…", failed: "설명을 읽지 못했습니다: ",
    send: "보내기", sending: "보내는 중…", stop: "멈추기", parameters: "매개변수", none: "매개변수가 없는 작업입니다.",
    answer: "응답", headers: "헤더", answers: "가능한 응답", code: "상태", meaning: "뜻",
    needs: "필요한 범위: ", open: "토큰 없이 사용", required: "필수", list: "여러 값은 쉼표로 나눕니다.",
    cut: "여기서 잘랐습니다. 나머지는 읽지 않았습니다: ", unreachable: "응답이 없습니다. 서버에 연결하지 못했습니다.",
    hint401: "API가 이 토큰을 받지 않습니다. 위에 새 토큰을 붙여 넣으세요.", hint401none: "먼저 위에서 로그인하거나 액세스 토큰을 쓰세요.",
    hint403: "토큰은 맞지만 범위가 모자랍니다. 로그인할 때 그 범위를 요청하세요.", ms: "ms", empty: "(빈 본문)",
    stopped: "멈추었습니다.", default: "기본값: ", such: "예: ",
  },
};
const LIMIT = 200000; // characters shown of one answer
const PROBLEM = "problem-"; // anchors of kinds of problems
const OWN = { "X-Requested-With": "loop-docs" }; // only a script of this site can send it
const state = { lang: "en", spec: null, chosen: null, running: null, signed: false };
const $ = (id) => document.getElementById(id);
const t = (key) => WORDS[state.lang][key];

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** The text in the reader's language: `x-ko` beside the English one. */
function said(thing, key) {
  return (state.lang === "ko" && thing["x-ko"]) || thing[key] || "";
}

/** A sentence with its `code` parts as elements. */
function prose(text) {
  return text.split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));
}

function operations() {
  return Object.entries(state.spec.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => method === "get" || method === "post")
      .map(([method, operation]) => ({ path, method, operation, id: operation.operationId })));
}

function scopesOf(operation) {
  return (operation.security || []).flatMap((need) => Object.values(need).flat());
}

function drawList() {
  const list = $("operations");
  list.replaceChildren();
  let group = null;
  for (const each of operations()) {
    const tag = (each.operation.tags || [])[0];
    if (tag !== group) {
      group = tag;
      const named = (state.spec.tags || []).find((known) => known.name === tag);
      list.append(el("li", { class: "group" }, named ? said(named, "description") : tag || ""));
    }
    list.append(el("li", {}, el("button", {
      type: "button", "aria-pressed": String(each.id === state.chosen), "data-operation": each.id,
      onclick: () => choose(each.id, true),
    }, el("code", {}, each.path), el("span", {}, said(each.operation, "summary")))));
  }
  list.append(el("li", { class: "group" }, t("problems")), el("li", {}, el("button", {
    type: "button", "aria-pressed": String(state.chosen.startsWith(PROBLEM)), "data-operation": PROBLEM,
    onclick: () => choose(PROBLEM, true),
  }, el("code", {}, "problem+json"), el("span", {}, t("problems")))));
}

/** Every kind of problem; the one that the address names is marked. */
function drawProblems() {
  const rows = (state.spec["x-problems"] || []).map((kind) => {
    const id = PROBLEM + kind.code;
    return el("tr", { id, "aria-current": id === state.chosen ? "true" : null },
      el("td", {}, el("code", {}, kind.code)), el("td", {}, said(kind, "title")));
  });
  $("operation").replaceChildren(
    el("h2", {}, t("problems")), el("p", { class: "about" }, ...prose(t("problemsNote"))),
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, t("code")), el("th", {}, t("meaning")))), el("tbody", {}, ...rows)));
}

function drawField(parameter) {
  const schema = parameter.schema || {};
  const isList = [].concat(schema.type).includes("array");
  const id = "p-" + parameter.name;
  const notes = [said(parameter, "description"), isList ? t("list") : null,
    schema.default !== undefined ? t("default") + schema.default : null].filter(Boolean);
  const example = parameter.example === undefined ? null : t("such") + [].concat(parameter.example).join(",");
  const label = el("label", { for: id }, parameter.name);
  if (parameter.required) label.append(" ", el("i", {}, t("required")));
  const input = el("input", {
    id, name: parameter.name, "data-in": parameter.in, required: parameter.required,
    autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    "aria-describedby": id + "-note", placeholder: example,
  });
  return el("div", { class: "field" }, label, input, el("p", { id: id + "-note" }, ...prose(notes.join(" · "))));
}

function drawOperation() {
  if (state.chosen.startsWith(PROBLEM)) { drawProblems(); return; }
  const each = operations().find((candidate) => candidate.id === state.chosen);
  const { operation } = each;
  const scopes = scopesOf(operation);
  const about = (state.lang === "ko" && operation["x-ko-description"]) || operation.description;
  const parameters = operation.parameters || [];
  const form = el("form", { id: "form", novalidate: true },
    el("h3", {}, t("parameters")),
    ...(parameters.length ? parameters.map(drawField) : [el("p", { class: "soft" }, t("none"))]),
    el("div", { class: "actions" },
      el("button", { class: "send", id: "send", type: "submit" }, t("send")),
      el("button", { type: "button", id: "stop", hidden: true, onclick: () => state.running?.abort() }, t("stop"))));
  form.addEventListener("submit", (event) => { event.preventDefault(); send(each); });
  const answers = el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, t("code")), el("th", {}, t("meaning")))),
    el("tbody", {}, ...Object.entries(operation.responses || {}).map(([code, answer]) =>
      el("tr", {}, el("td", {}, code), el("td", {}, ...prose(said(answer, "description")))))));
  $("operation").replaceChildren(
    el("p", { class: "path" }, el("b", {}, each.method.toUpperCase()), " ", el("code", {}, each.path),
      el("span", { class: "lock" }, scopes.length ? t("needs") + scopes.join(" ") : t("open"))),
    el("h2", {}, said(operation, "summary")),
    about ? el("p", { class: "about" }, ...prose(about)) : "",
    form, el("section", { id: "answer", "aria-live": "polite" }),
    el("details", {}, el("summary", {}, t("answers")), answers));
}

function choose(id, focus) {
  state.running?.abort();
  state.chosen = id;
  history.replaceState(null, "", "#" + id);
  drawList();
  drawOperation();
  if (focus) { $("operation").focus(); $("operation").scrollIntoView({ block: "nearest" }); }
}

/** The address that the form describes; path segments keep their slashes. */
function address(each) {
  let path = each.path;
  const query = new URLSearchParams();
  for (const input of document.querySelectorAll("#form input")) {
    const value = input.value.trim();
    if (input.dataset.in === "path") path = path.replace("{" + input.name + "}", encodeURIComponent(value).replaceAll("%2F", "/"));
    else if (value !== "") query.append(input.name, value);
  }
  const text = query.toString();
  return text ? path + "?" + text : path;
}

async function readSome(answer) {
  const reader = answer.body?.getReader();
  if (!reader) return { text: "", cut: false };
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: false };
    text += decoder.decode(value, { stream: true });
    if (text.length > LIMIT) { await reader.cancel(); return { text: text.slice(0, LIMIT), cut: true }; }
  }
}

function pretty(text, type) {
  if (!type.includes("json") || type.includes("ndjson")) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function hint(status, token) {
  if (status === 401) return token ? t("hint401") : t("hint401none");
  return status === 403 ? t("hint403") : null;
}

async function send(each) {
  const missing = [...document.querySelectorAll("#form input[required]")].find((input) => !input.value.trim());
  if (missing) { missing.focus(); missing.setAttribute("aria-invalid", "true"); return; }
  const box = $("answer");
  const token = $("token").value.trim();
  const url = address(each);
  // The session of the pages opens the same API below /view; a token goes to the API itself.
  const own = !token && state.signed && scopesOf(each.operation).length > 0;
  const running = new AbortController();
  state.running = running;
  $("send").disabled = true;
  $("stop").hidden = false;
  box.replaceChildren(el("h3", {}, t("answer")), el("p", { class: "soft" }, t("sending")));
  const curl = "curl " + (scopesOf(each.operation).length ? '-H "Authorization: Bearer $TOKEN" ' : "") + "'" + location.origin + url.replaceAll("'", "%27") + "'";
  const started = performance.now();
  try {
    const answer = await fetch(own ? "/view" + url : url, {
      method: each.method.toUpperCase(), signal: running.signal, cache: "no-store", redirect: "error",
      credentials: own ? "same-origin" : "omit",
      headers: own ? OWN : token ? { Authorization: "Bearer " + token } : {},
    });
    const { text, cut } = await readSome(answer);
    const took = Math.round(performance.now() - started);
    const help = hint(answer.status, token);
    box.replaceChildren(el("h3", {}, t("answer")),
      el("p", { class: "status " + (answer.ok ? "good" : "bad"), id: "status" }, `${answer.status} ${answer.statusText} · ${took}${t("ms")}`),
      help ? el("p", { class: "hint" }, help) : "",
      el("pre", { id: "body", tabindex: "0" }, text ? pretty(text, answer.headers.get("content-type") || "") : t("empty")),
      cut ? el("p", { class: "soft" }, t("cut") + url) : "",
      el("details", {}, el("summary", {}, t("headers")), el("pre", {}, [...answer.headers].map(([k, v]) => `${k}: ${v}`).join("\n"))),
      el("details", {}, el("summary", {}, "curl"), el("pre", {}, curl)));
  } catch (error) {
    const message = error.name === "AbortError" ? t("stopped") : t("unreachable");
    if (box.isConnected) box.replaceChildren(el("h3", {}, t("answer")), el("p", { class: "status bad", id: "status" }, message));
  } finally {
    if (state.running === running) state.running = null;
    if ($("send")) { $("send").disabled = false; $("stop").hidden = true; }
  }
}

function speak(lang) {
  state.lang = lang;
  document.documentElement.lang = lang;
  for (const node of document.querySelectorAll("[data-i18n]")) node.textContent = t(node.dataset.i18n);
  for (const button of document.querySelectorAll("[data-lang]")) button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
  if (state.spec) {
    const kept = [...document.querySelectorAll("#form input")].map((input) => [input.name, input.value]);
    drawList();
    drawOperation();
    for (const [name, value] of kept) { const input = document.getElementById("p-" + name); if (input) input.value = value; }
  }
}

/** Whether somebody is signed in to the pages, and who; where nobody can be, nothing is said. */
async function meet() {
  try {
    const answer = await fetch("/view/api/whoami", { credentials: "same-origin", redirect: "error", cache: "no-store", headers: OWN });
    state.signed = answer.ok;
    if (answer.ok) $("name").textContent = (await answer.json()).name;
    $("signed").hidden = !answer.ok;
    $("stranger").hidden = answer.status !== 401;
    $("other").open = !answer.ok && answer.status !== 401;
  } catch {
    $("other").open = true;
  }
}

async function start() {
  for (const button of document.querySelectorAll("[data-lang]")) button.addEventListener("click", () => speak(button.dataset.lang));
  $("forget").addEventListener("click", () => { $("token").value = ""; $("token").focus(); });
  const asked = new URLSearchParams(location.search).get("lang") || navigator.language || "en";
  speak(asked.toLowerCase().startsWith("ko") ? "ko" : "en");
  await meet();
  try {
    const answer = await fetch("/api/openapi.json", { credentials: "omit" });
    if (!answer.ok) throw new Error(String(answer.status));
    state.spec = await answer.json();
  } catch (error) {
    $("loading").textContent = t("failed") + error.message;
    return;
  }
  $("version").textContent = state.spec.info.version;
  const known = operations().map((each) => each.id);
  const wanted = location.hash.slice(1);
  choose(known.includes(wanted) || wanted.startsWith(PROBLEM) ? wanted : known[0], false);
}

start();
