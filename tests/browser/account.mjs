// Walks the account pages: both languages, wide and narrow, light and dark, by the keyboard where it matters.
//
// In: --base URL, --email, --password, --resource the MCP URL, --callback prefix; and `walk.mjs`.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { authenticator } from "otplib";
import { defects, FOUR, looking, refused, settings, shown, signIn, tabTo, walk, watched } from "./walk.mjs";

const arg = settings("base", "email", "password", "resource", "callback");
const look = looking(arg);
const LONG = "A client with a very long name that somebody made up to see whether pages hold, 이름이 아주 긴 앱";

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
async function secondStep(browser, page, view) {
  await tabTo(page, "form[action$='/account/totp/begin'] button");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account/totp");
  await look(page, "totp", view);
  const secret = (await page.innerText("dd code")).replaceAll(" ", "");
  await refused(page, async () => {
    await page.fill("#code", "000000");
    await page.press("#code", "Enter");
    await page.waitForSelector("[role=alert]");
    await look(page, "totp-wrong", view);
  });
  await page.fill("#code", code(secret, 0));
  await page.press("#code", "Enter");
  await page.waitForSelector(".codes");
  await look(page, "totp-codes", view);
  const codes = await page.locator(".codes code").allInnerTexts();
  if (codes.length !== 10) defects.push(`${codes.length} recovery codes`);
  await page.click("a[href$='/account/security']:not([aria-current])");
  await look(page, "security-totp", view);

  const other = await browser.newContext(shown(view));
  const next = await other.newPage();
  await next.goto(`${arg.base}/account`);
  await signIn(next, arg.email, password);
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
  await signIn(next, arg.email, password);
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
  await refused(page, async () => {
    await page.click("form.passkey button");
    await page.waitForSelector("p[role=alert]:not([hidden])");
    await look(page, "login-passkey-removed", view);
  });
  await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await cdp.send("WebAuthn.disable");
  await signIn(page, arg.email, password);
  await page.waitForSelector(".tabs");
}

let password = arg.password;

async function through({ browser, context, view, round }) {
  const page = await watched(context, view);
  await page.goto(`${arg.base}/account`);
  await signIn(page, arg.email, password);
  await page.waitForSelector(".tabs");
  await look(page, "account-empty", view);

  const app = await connect(page, LONG);
  const other = await browser.newContext(shown(view));
  const elsewhere = await other.newPage();
  await elsewhere.goto(`${arg.base}/account`);
  await signIn(elsewhere, arg.email, password);
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
  await refused(page, async () => {
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
  });
  const next = `a quite different phrase ${round}`;
  await page.fill("#current", password);
  await page.fill("#new", next);
  await page.press("#new", "Enter");
  await page.waitForSelector("[role=status]");
  await look(page, "security-changed", view);
  password = next;

  await secondStep(browser, page, view);
  await passkeys(page, view);

  await page.goto(`${arg.base}/account`);
  const wanted = view.lang === "ko" ? "en" : "ko";
  await page.click(`button[name=language][value=${wanted}]`);
  await page.waitForSelector("[role=status]");
  await look(page, "account-language", { ...view, lang: wanted });
}

const server = await listen(arg.callback);
await walk(arg, FOUR, through);
server.close();
