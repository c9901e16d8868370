// Plays the host of MCP Apps: the official AppBridge and SDK in this process, the view in a sandboxed frame of a real Chromium.
//
// In: --mcp the endpoint, --token, --modules tests/package.json, --chromium, --out folder for screenshots, --asked the first questions as JSON.
// Out: one JSON line with what was seen; exit code 1 on any defect. Every console error, request to anywhere, and axe violation is a defect.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

const { values: arg } = parseArgs({
  options: Object.fromEntries(["mcp", "token", "modules", "chromium", "out", "asked"].map((name) => [name, { type: "string" }])),
});
const from = createRequire(arg.modules);
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const { AppBridge } = await load("@modelcontextprotocol/ext-apps/app-bridge");
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { chromium } = from("playwright-core");
const axe = readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const MIME = "text/html;profile=mcp-app";
const HOST = "http://host.test/";
const VIEW = "http://view.test/";
// The policy that a host must use for a view that declares no domain.
const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'";
const looks = [
  { locale: "ko-KR", width: 760, theme: "light" },
  { locale: "en-US", width: 360, theme: "dark" },
];
const defects = [];
const seen = [];
const must = (truth, what) => truth || defects.push(what);

async function connect(extensions) {
  const client = new Client({ name: "host", version: "1" }, { capabilities: extensions ? { extensions } : {} });
  const headers = { Authorization: `Bearer ${arg.token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(arg.mcp), { requestInit: { headers } }));
  return client;
}

/** A page of the host with the view in a frame, and the bridge between them. */
async function show(browser, client, tool, html, look, name, args) {
  const context = await browser.newContext({ viewport: { width: look.width, height: 1800 } });
  const page = await context.newPage();
  const meant = { attack: false };
  page.on("console", (message) => {
    const stopped = meant.attack && /Executing inline event handler violates/.test(message.text());
    if (message.type() === "error" && !stopped) defects.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => defects.push(`${name}: ${error}`));
  await page.route("**/*", (route) => {
    const url = route.request().url();
    const headers = { "content-type": "text/html; charset=utf-8" };
    if (url === HOST) return route.fulfill({ headers, body: `<!doctype html><title>host</title><body style="margin:0"><iframe id="view" sandbox="allow-scripts" style="border:0;width:100%;height:600px"></iframe>` });
    if (url === VIEW) return route.fulfill({ headers: { ...headers, "content-security-policy": POLICY }, body: html });
    if (!url.endsWith("/favicon.ico")) defects.push(`${name}: asks for ${url}`);
    return route.abort();
  });
  const transport = { start: async () => {}, close: async () => {}, send: (message) => page.evaluate((one) => document.getElementById("view").contentWindow.postMessage(one, "*"), message) };
  await page.exposeFunction("toHost", (message) => transport.onmessage?.(message));
  await page.goto(HOST);
  await page.evaluate(() => addEventListener("message", (event) => event.source === document.getElementById("view").contentWindow && window.toHost(event.data)));
  const told = [];
  const bridge = new AppBridge(
    client,
    { name: "host", version: "1" },
    { serverTools: {}, updateModelContext: { text: {} } },
    { hostContext: { theme: look.theme, locale: look.locale, displayMode: "inline", containerDimensions: { maxHeight: 4000 } } },
  );
  bridge.onupdatemodelcontext = async ({ content }) => (told.push(content[0].text), {});
  // The page may be gone when the last of these arrives.
  bridge.onsizechange = ({ height }) => page.evaluate((to) => (document.getElementById("view").style.height = `${to}px`), height).catch(() => undefined);
  const began = new Promise((resolve) => (bridge.oninitialized = resolve));
  await bridge.connect(transport);
  await page.evaluate((url) => (document.getElementById("view").src = url), VIEW);
  await began;
  await bridge.sendToolInput({ arguments: args });
  const result = await client.callTool({ name: tool, arguments: args });
  await bridge.sendToolResult(result);
  const frame = page.frames().find((one) => one.url() === VIEW);
  await frame.waitForSelector("#shown svg:visible");
  return { context, page, frame, bridge, told, meant };
}

/** Looks at a view as it is. */
async function look(view, name, { locale, theme, width }) {
  await view.frame.waitForFunction(() => document.documentElement.scrollHeight <= innerHeight + 1).catch(() => undefined);
  const facts = await view.frame.evaluate(() => ({
    lang: document.documentElement.lang,
    theme: document.documentElement.dataset.theme,
    ground: getComputedStyle(document.body).backgroundColor,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    charts: document.querySelectorAll("figure.chart svg:not(.narrow)").length,
    tables: document.querySelectorAll("figure.chart details table").length,
    inside: document.documentElement.scrollHeight <= innerHeight + 1,
  }));
  await view.page.screenshot({ path: `${arg.out}/view-${name}.png` });
  must(facts.lang === locale.slice(0, 2), `${name}: speaks ${facts.lang}`);
  must(facts.theme === theme, `${name}: is ${facts.theme}`);
  must(!facts.overflow, `${name}: scrolls sideways at ${width} px`);
  must(facts.charts > 0 && facts.charts === facts.tables, `${name}: ${facts.charts} charts, ${facts.tables} tables`);
  must(facts.inside, `${name}: the frame is not as high as the view`);
  await view.frame.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  const { violations } = await view.frame.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name}: axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(", ")}`);
  seen.push({ name, ...facts });
  return facts;
}

/** Scenarios by keyboard: the view asks through the host, and shows what the tool says. */
async function scenarios(view, client, name) {
  await view.frame.focus("#hires");
  for (let n = 0; n < 3; n += 1) await view.page.keyboard.press("ArrowRight");
  await view.frame.fill("#hire_cost", "8000000");
  const args = { as_of: "2026-11-21", hires: 3, hire_cost: "8000000" };
  const { structuredContent } = await client.callTool({ name: "runway", arguments: args });
  const months = structuredContent.scenario.months_left;
  await view.frame.waitForFunction((left) => document.querySelector(".asked")?.textContent.includes(left), months);
  must(structuredContent.base.months_left !== months, `${name}: the scenario changes nothing`);
  must((await view.frame.locator(".legend li").count()) === 2, `${name}: the chart does not show both outlooks`);
  for (let tries = 0; tries < 100 && !view.told.at(-1)?.includes(months); tries += 1) await view.page.waitForTimeout(50);
  must(view.told.at(-1)?.includes('"hires":3') && view.told.at(-1).includes(months), `${name}: the model is told ${view.told.at(-1)}`);
  seen.push({ name, months });
}

/** Another KPI by another interval. */
async function trends(view, name) {
  const options = await view.frame.locator("#name option").count();
  must(options > 1, `${name}: offers ${options} KPIs`);
  const before = await view.frame.textContent("#shown h2");
  await view.frame.selectOption("#name", "new_users");
  await view.frame.waitForFunction((old) => document.querySelector("#shown h2").textContent !== old, before);
  const rows = await view.frame.locator("#shown tbody tr").count();
  await view.frame.selectOption("#interval", "week");
  await view.frame.waitForFunction((old) => document.querySelector("#shown tbody tr th")?.textContent !== old, await view.frame.locator("#shown tbody tr th").first().textContent());
  seen.push({ name, options, rows });
}

/** What a stranger's window says is not heard, and markup that is hostile does nothing. */
async function attacks(view, name) {
  const before = await view.frame.textContent("#shown");
  await view.page.evaluate(() => {
    const stranger = document.body.appendChild(document.createElement("iframe"));
    const script = stranger.contentDocument.createElement("script");
    script.textContent = `parent.frames[0].postMessage({ jsonrpc: "2.0", method: "ui/notifications/tool-result", params: { isError: true, content: [{ type: "text", text: "forged" }] } }, "*")`;
    stranger.contentDocument.body.append(script);
  });
  await view.page.waitForTimeout(200);
  must((await view.frame.textContent("#shown")) === before, `${name}: a stranger is heard`);
  await view.page.evaluate(() => document.querySelectorAll("iframe")[1].remove());
  view.meant.attack = true;
  const evil = `<p id="kept" onclick="x()" style="color:red">kept</p><img src="x" onerror="window.evil=1"><script>window.evil=1</` + `script><svg><a href="javascript:window.evil=1"><text>x</text></a><image href="${HOST}x"/></svg><form action="${HOST}"></form>`;
  await view.bridge.sendToolResult({ content: [], _meta: { "loop.exec/view": { en: evil, ko: evil } } });
  await view.frame.waitForSelector("#kept");
  const left = await view.frame.evaluate(() => ({
    ran: window.evil,
    marks: document.querySelectorAll("#shown :is(img, script, a, image, form)").length,
    attributes: document.getElementById("kept").attributes.length,
  }));
  must(left.ran === undefined && left.marks === 0 && left.attributes === 1, `${name}: ${JSON.stringify(left)}`);
  await view.bridge.sendToolResult({ isError: true, content: [{ type: "text", text: "<b>refused</b>" }] });
  await view.frame.waitForFunction(() => document.getElementById("shown").textContent === "<b>refused</b>");
}

const plain = await connect(undefined);
const { tools: without } = await plain.listTools();
must(!JSON.stringify(without).includes("ui://"), "a client without views is told of them");
await plain.close();

const client = await connect({ "io.modelcontextprotocol/ui": { mimeTypes: [MIME] } });
const browser = await chromium.launch({ executablePath: arg.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
try {
  const { tools } = await client.listTools();
  for (const [tool, args] of Object.entries(JSON.parse(arg.asked))) {
    const uri = tools.find((one) => one.name === tool)?._meta?.ui?.resourceUri;
    const { contents } = await client.readResource({ uri });
    must(contents[0].mimeType === MIME, `${tool}: ${contents[0].mimeType}`);
    for (const one of looks) {
      const name = `${tool}-${one.locale.slice(0, 2)}-${one.theme}-${one.width}`;
      const view = await show(browser, client, tool, contents[0].text, one, name, args);
      await look(view, name, one);
      if (tool === "runway") await scenarios(view, client, name);
      else await trends(view, name);
      const other = one.locale === "ko-KR" ? "en-US" : "ko-KR";
      const turned = { ...one, locale: other, theme: one.theme === "dark" ? "light" : "dark" };
      view.bridge.setHostContext({ theme: turned.theme, locale: other });
      await view.frame.waitForFunction((lang) => document.documentElement.lang === lang, other.slice(0, 2));
      await look(view, `${name}-turned`, turned);
      await attacks(view, name);
      await view.bridge.teardownResource({});
      await view.context.close();
    }
  }
} catch (error) {
  defects.push(String(error?.stack ?? error));
} finally {
  await browser.close();
  await client.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exitCode = defects.length ? 1 : 0;
