// Walks the account pages in a real Chromium: both languages, wide and narrow, light and dark, by the keyboard where it matters.
//
// In: --base URL, --email, --password, --resource the MCP URL, --callback prefix, --out folder for screenshots. Out: one JSON line with
//     what was seen; exit code 1 on any defect. Every console error, page error, axe violation and sideways scroll is a defect.

import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { authenticator } from "otplib";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(
    ["base", "email", "password", "resource", "callback", "out", "chromium"].map((name) => [name, { type: "string" }]),
  ),
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const looks = [
  { lang: "ko", locale: "ko-KR", width: 1280, height: 800, dark: false },
  { lang: "en", locale: "en-US", width: 360, height: 740, dark: true },
  { lang: "ko", locale: "ko-KR", width: 360, height: 740, dark: false },
  { lang: "en", locale: "en-US", width: 1280, height: 800, dark: true },
];
const LONG = "A client with a very long name that somebody made up to see whether pages hold, 이름이 아주 긴 앱";

const defects = [];
const seen = [];

async function look(page, name, { lang, width }) {
  await page.screenshot({ path: `${arg.out}/${name}-${lang}-${width}.png`, fullPage: true });
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    text: document.body.innerText,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name} (${lang}): scrolls sideways at ${width} px`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}, ${width}): axe ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, title: facts.title, text: facts.text });
}

/** Presses Tab until what has the focus matches, as a person without a mouse does. */
async function tabTo(page, selector) {
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  defects.push(`${selector} is not reached by the keyboard`);
}

/** Registers a client and lets the person of this page connect it. */
async function connect(page, name) {
  const redirect = `${arg.callback}`;
  const registered = await fetch(`${arg.base}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: name, redirect_uris: [redirect], token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"] }),
  });
  const { client_id } = await registered.json();
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code", client_id, redirect_uri: redirect, resource: arg.resource, scope: "mcp:read", state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
  });
  await page.goto(`${arg.base}/authorize?${query}`);
  await page.click("button[name=decision][value=allow]");
  await page.waitForURL(`${arg.callback}**`);
  const code = new URL(page.url()).searchParams.get("code");
  const body = new URLSearchParams({ grant_type: "authorization_code", client_id, code, redirect_uri: redirect, code_verifier: verifier });
  const tokens = await (await fetch(`${arg.base}/token`, { method: "POST", body })).json();
  return { client_id, refresh: tokens.refresh_token };
}

async function refresh({ client_id, refresh }) {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id, refresh_token: refresh });
  return fetch(`${arg.base}/token`, { method: "POST", body });
}

async function signIn(page, password) {
  await page.fill("input[name=email]", arg.email);
  await page.fill("input[name=password]", password);
  await page.press("input[name=password]", "Enter");
}

function listen(prefix) {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end('<!doctype html><html lang="en"><title>done</title><link rel="icon" href="data:,"><h1>done</h1>');
  });
  return new Promise((resolve) => {
    server.listen(Number(new URL(prefix).port), "localhost", () => resolve(server));
  });
}

/** The code of an authenticator app, so many steps of thirty seconds from now. */
function code(secret, steps) {
  return authenticator.clone({ epoch: Date.now() + steps * 30_000 }).generate(secret);
}

/** Sets an authenticator app up, signs in with it and with a recovery code, and removes it. */
async function secondStep(browser, page, view, options) {
  await tabTo(page, "form[action$='/account/totp/begin'] button");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account/totp");
  await look(page, "totp", view);
  const secret = (await page.innerText("dd code")).replaceAll(" ", "");
  page.expected += 1;
  await page.fill("#code", "000000");
  await page.press("#code", "Enter");
  await page.waitForSelector("[role=alert]");
  await look(page, "totp-wrong", view);
  page.expected -= 1;
  await page.fill("#code", code(secret, 0));
  await page.press("#code", "Enter");
  await page.waitForSelector(".codes");
  await look(page, "totp-codes", view);
  const codes = await page.locator(".codes code").allInnerTexts();
  if (codes.length !== 10) defects.push(`${codes.length} recovery codes`);
  await page.click("a[href$='/account/security']:not([aria-current])");
  await look(page, "security-totp", view);

  const other = await browser.newContext(options);
  const next = await other.newPage();
  await next.goto(`${arg.base}/account`);
  await signIn(next, password);
  await next.waitForURL("**/oauth/login/step**");
  await look(next, "step", view);
  await next.fill("#code", "000000");
  await next.press("#code", "Enter");
  await next.waitForSelector("[role=alert]");
  await look(next, "step-wrong", view);
  await next.fill("#code", code(secret, 1));
  await next.press("#code", "Enter");
  await next.waitForSelector(".tabs");
  await next.goto(`${arg.base}/oauth/logout`);
  await next.click("form button[type=submit]");
  await next.goto(`${arg.base}/account`);
  await signIn(next, password);
  await next.waitForURL("**/oauth/login/step**");
  await next.click("p.aside a");
  await look(next, "step-recovery", view);
  await next.fill("#recovery", codes[0]);
  await next.press("#recovery", "Enter");
  await next.waitForSelector(".tabs");
  await other.close();

  await page.goto(`${arg.base}/account/security`);
  await tabTo(page, "details.ask summary");
  await page.keyboard.press("Enter");
  await page.fill("#password", password);
  await look(page, "totp-remove", view);
  await page.press("#password", "Enter");
  await page.waitForURL("**done=totp_removed");
}

/** Adds a passkey of a virtual device, signs in with it and no name, replays its answer, and removes it. */
async function passkeys(page, view) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${arg.base}/account/security`);
  await page.fill("#passkey-name", "노트북 Laptop");
  await page.press("#passkey-name", "Enter");
  await page.waitForURL("**done=passkey_added");
  await look(page, "security-passkey", view);

  await page.goto(`${arg.base}/oauth/logout`);
  await page.click("form button[type=submit]");
  await page.goto(`${arg.base}/account`);
  await look(page, "login-passkey", view);
  let answer;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/oauth/passkey" && request.method() === "POST") answer = request;
  });
  await tabTo(page, "form.passkey button");
  const cookies = page.context().cookies.bind(page.context());
  await page.keyboard.press("Enter");
  await page.waitForSelector(".tabs");
  if ((await cookies()).some(({ name }) => name.endsWith("loop_passkey"))) defects.push("the challenge outlives its answer");
  const headers = { cookie: (await answer.allHeaders()).cookie, "content-type": "application/x-www-form-urlencoded" };
  const replayed = await fetch(answer.url(), { method: "POST", headers, body: answer.postData(), redirect: "manual" });
  if (replayed.status !== 400) defects.push(`a replayed answer is ${replayed.status}`);
  if ((replayed.headers.get("set-cookie") ?? "").includes("loop_session")) defects.push("a replayed answer signs in");

  await page.goto(`${arg.base}/account/security`);
  await tabTo(page, "form[action$='/passkeys/add'] button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-passkey-problem]:not([hidden])");
  await look(page, "passkey-again", view);
  await page.locator(".items details.ask summary").press("Enter");
  await page.click("form[action$='/passkeys/remove'] button");
  await page.waitForURL("**done=passkey_removed");

  await page.goto(`${arg.base}/oauth/logout`);
  await page.click("form button[type=submit]");
  await page.goto(`${arg.base}/account`);
  page.expected += 1;
  await page.click("form.passkey button");
  await page.waitForSelector("p[role=alert]:not([hidden])");
  await look(page, "login-passkey-removed", view);
  page.expected -= 1;
  await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await cdp.send("WebAuthn.disable");
  await signIn(page, password);
  await page.waitForSelector(".tabs");
}

let password = arg.password;

async function walk(browser, view, round) {
  const options = { locale: view.locale, viewport: { width: view.width, height: view.height }, colorScheme: view.dark ? "dark" : "light" };
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.expected = 0;
  page.on("console", (message) => {
    // Chromium logs the status of a page that is *meant* to be refused; anything else is a defect.
    if (message.type() === "error" && !(page.expected > 0 && /status of 4\d\d/.test(message.text()))) {
      defects.push(`console (${view.lang}): ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));

  await page.goto(`${arg.base}/account`);
  await signIn(page, password);
  await page.waitForSelector(".tabs");
  await look(page, "account-empty", view);

  const app = await connect(page, LONG);
  const other = await browser.newContext(options);
  const elsewhere = await other.newPage();
  await elsewhere.goto(`${arg.base}/account`);
  await signIn(elsewhere, password);
  await elsewhere.waitForSelector(".tabs");
  await page.goto(`${arg.base}/account`);
  await look(page, "account", view);

  await tabTo(page, "details.ask summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "button.danger");
  await look(page, "account-disconnect", view);
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=status]");
  await look(page, "account-disconnected", view);
  if ((await refresh(app)).status !== 400) defects.push("a disconnected app still refreshes");

  await tabTo(page, "form[action$='/account/sessions/end-others'] button");
  await page.keyboard.press("Enter");
  await page.waitForURL("**done=signed_out_others");
  await elsewhere.goto(`${arg.base}/account`);
  if (!elsewhere.url().includes("/oauth/login")) defects.push("the other browser is still signed in");
  await other.close();

  await page.click(".tabs a[href$='/account/security']");
  await look(page, "security", view);
  page.expected += 1;
  await page.fill("#current", "not the password");
  await page.fill("#new", "another good phrase");
  await page.press("#new", "Enter");
  await page.waitForSelector("[role=alert]");
  await look(page, "security-wrong", view);
  await page.fill("#current", password);
  await page.fill("#new", "short");
  await page.press("#new", "Enter");
  await page.waitForSelector("[role=alert]");
  await look(page, "security-short", view);
  page.expected -= 1;
  const next = `a quite different phrase ${round}`;
  await page.fill("#current", password);
  await page.fill("#new", next);
  await page.press("#new", "Enter");
  await page.waitForSelector("[role=status]");
  await look(page, "security-changed", view);
  password = next;

  await secondStep(browser, page, view, options);
  await passkeys(page, view);

  await page.goto(`${arg.base}/account`);
  const wanted = view.lang === "ko" ? "en" : "ko";
  await page.click(`button[name=language][value=${wanted}]`);
  await page.waitForSelector("[role=status]");
  await look(page, "account-language", { ...view, lang: wanted });
  await context.close();
}

const server = await listen(arg.callback);
const browser = await chromium.launch({ executablePath: arg.chromium, args: flags });
try {
  for (const [round, view] of looks.entries()) await walk(browser, view, round);
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exit(defects.length === 0 ? 0 : 1);
