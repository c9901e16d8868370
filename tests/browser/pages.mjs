// Walks login, consent, the pages for devices and logout in a real Chromium, once per language and width.
//
// In: --url of the authorization request, --email, --password, --logout URL, --callback prefix,
//     --device URL of the device authorization endpoint, --device-client its client, --out folder for screenshots. Out: one JSON line with what was seen; exit code 1 on any defect.
// Every console message of level error, every page error and every axe violation is a defect.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(
    ["url", "email", "password", "openid", "logout", "callback", "device", "device-client", "out", "chromium"].map((name) => [name, { type: "string" }]),
  ),
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const looks = [
  { lang: "ko", locale: "ko-KR", width: 1280, height: 800, dark: false },
  { lang: "en", locale: "en-US", width: 360, height: 740, dark: true },
];

/** The client's callback: a page of its own, so that the redirect really arrives. */
function listen(prefix) {
  const arrived = [];
  const server = createServer((request, response) => {
    if (request.url.startsWith(new URL(prefix).pathname)) arrived.push(request.url);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end('<!doctype html><html lang="en"><title>done</title><link rel="icon" href="data:,"><h1>done</h1>');
  });
  return new Promise((resolve) => {
    server.listen(Number(new URL(prefix).port), "localhost", () => resolve({ server, arrived }));
  });
}

/** New codes for a device, as the device asks for them. */
async function codes() {
  const body = new URLSearchParams({ client_id: arg["device-client"], scope: "mcp:read" });
  return (await fetch(arg.device, { method: "POST", body })).json();
}

const defects = [];
const seen = [];

async function look(page, name, { lang, width }) {
  await page.screenshot({ path: `${arg.out}/${name}-${lang}-${width}.png`, fullPage: true });
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    text: document.body.innerText,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    scripts: document.scripts.length,
  }));
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name}: scrolls sideways at ${width} px`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}): axe ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, title: facts.title, text: facts.text });
}

const browser = await chromium.launch({ executablePath: arg.chromium, args: flags });
const { server, arrived } = await listen(arg.callback);
try {
  for (const view of looks) {
    const context = await browser.newContext({
      locale: view.locale,
      viewport: { width: view.width, height: view.height },
      colorScheme: view.dark ? "dark" : "light",
    });
    const page = await context.newPage();
    let expected = 0;
    page.on("console", (message) => {
      // Chromium logs the status of a page that is *meant* to be refused; anything else is a defect.
      if (message.type() === "error" && !(expected > 0 && /status of 40[01]/.test(message.text()))) {
        defects.push(`console (${view.lang}): ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));

    await page.goto(arg.url);
    await look(page, "login", view);

    expected += 1;
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", "not the password");
    await page.press("input[name=password]", "Enter");
    await page.waitForSelector("[role=alert]");
    await look(page, "login-refused", view);
    expected -= 1;

    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await page.press("input[name=password]", "Enter");
    await page.waitForSelector("button[name=decision][value=allow]");
    await look(page, "consent", view);

    const before = arrived.length;
    await page.click("button[name=decision][value=allow]");
    await page.waitForURL(`${arg.callback}**`);
    const answer = new URL(page.url()).searchParams;
    if (!answer.get("code") || !answer.get("iss")) defects.push(`callback (${view.lang}): no code or no iss`);
    if (arrived.length !== before + 1) defects.push(`callback (${view.lang}): reached ${arrived.length - before} times`);

    await page.goto(arg.url);
    await page.click("button[name=decision][value=deny]");
    await page.waitForURL(`${arg.callback}**`);
    if (new URL(page.url()).searchParams.get("error") !== "access_denied") defects.push(`deny (${view.lang}): not access_denied`);

    const device = await codes();
    await page.goto(device.verification_uri);
    await look(page, "device", view);
    expected += 1;
    await page.fill("input[name=user_code]", "bbbb bbbb");
    await page.press("input[name=user_code]", "Enter");
    await page.waitForSelector("[role=alert]");
    await look(page, "device-wrong", view);
    expected -= 1;
    await page.goto(device.verification_uri_complete);
    const filled = await page.inputValue("input[name=user_code]");
    if (filled !== device.user_code) defects.push(`device (${view.lang}): the code is not filled in but ${filled}`);
    await page.click("button[type=submit].main");
    await page.waitForSelector("button[name=decision][value=allow]");
    await look(page, "device-consent", view);
    const shown = await page.innerText("main");
    if (!shown.includes(device.user_code)) defects.push(`device (${view.lang}): the code is not shown to compare`);
    await page.click("button[name=decision][value=allow]");
    await page.waitForSelector('a[href$="/oauth/device"]');
    await look(page, "device-done", view);

    await page.goto(arg.openid);
    await look(page, "consent-identity", view);
    await page.click("button[name=decision][value=allow]");
    await page.waitForURL(`${arg.callback}**`);
    if (!new URL(page.url()).searchParams.get("code")) defects.push(`openid (${view.lang}): no code`);

    await page.goto(`${arg.logout}?client_id=${new URL(arg.url).searchParams.get("client_id")}&state=s`);
    await look(page, "logout-asked", view);
    await page.goto(arg.logout);
    await look(page, "logout", view);
    await page.click("form button[type=submit]");
    await page.waitForLoadState();
    await look(page, "logged-out", view);

    await page.goto(arg.url);
    if (!(await page.$("input[name=password]"))) defects.push(`logout (${view.lang}): still logged in`);

    expected += 1;
    await page.goto(arg.url.replace(/redirect_uri=[^&]*/, "redirect_uri=https%3A%2F%2Fevil.example%2F"));
    await look(page, "error", view);
    if (new URL(page.url()).host !== new URL(arg.url).host) defects.push("error: redirected to an unregistered address");
    expected -= 1;
    await context.close();
  }
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exit(defects.length === 0 ? 0 : 1);
