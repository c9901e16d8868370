// Walks login, consent, the pages for devices and logout, once per language and width.
//
// In: --url of the authorization request, --email, --password, --openid another such URL, --logout URL, --callback prefix,
//     --device URL of the device authorization endpoint, --device-client its client; and `walk.mjs`.

import { createServer } from "node:http";
import { defects, looking, refused, settings, signIn, TWO, walk, watched } from "./walk.mjs";

const arg = settings("url", "email", "password", "openid", "logout", "callback", "device", "device-client");
const look = looking(arg);

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

const { server, arrived } = await listen(arg.callback);
await walk(arg, TWO, async ({ context, view }) => {
  const page = await watched(context, view);
  await page.goto(arg.url);
  await look(page, "login", view);

  await refused(page, async () => {
    await signIn(page, arg.email, "not the password");
    await page.waitForSelector("[role=alert]");
    await look(page, "login-refused", view);
  });

  await signIn(page, arg.email, arg.password);
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
  await refused(page, async () => {
    await page.fill("input[name=user_code]", "bbbb bbbb");
    await page.press("input[name=user_code]", "Enter");
    await page.waitForSelector("[role=alert]");
    await look(page, "device-wrong", view);
  });
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

  await refused(page, async () => {
    await page.goto(arg.url.replace(/redirect_uri=[^&]*/, "redirect_uri=https%3A%2F%2Fevil.example%2F"));
    await look(page, "error", view);
  });
  if (new URL(page.url()).host !== new URL(arg.url).host) defects.push("error: redirected to an unregistered address");
});
server.close();
