// Reads the page of the API in a real Chromium and tries it, signed in with loop-auth, once per language, width and scheme.
//
// In: --url of the site, --email and --password of somebody, --out folder for screenshots, --chromium. Out: one JSON line with
//     what was seen; exit code 1 on any defect. Every console error, page error, axe violation and request to elsewhere is one.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(["url", "email", "password", "out", "chromium"].map((name) => [name, { type: "string" }])),
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const looks = [
  { lang: "ko", locale: "ko-KR", width: 1280, height: 900, dark: false },
  { lang: "en", locale: "en-US", width: 360, height: 740, dark: true },
  { lang: "en", locale: "en-US", width: 1280, height: 900, dark: false },
];
const defects = [];
const seen = [];

async function look(page, name, { lang, width, dark }) {
  await page.screenshot({ path: `${arg.out}/docs-${name}-${lang}-${width}-${dark ? "dark" : "light"}.png` });
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    text: document.body.innerText,
  }));
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name} (${lang}): scrolls sideways at ${width} px`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}, ${width}): axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(", ")}`);
  return facts.text;
}

/** Chooses an operation, fills in its form, sends it; the status and the body shown. */
async function tried(page, operation, fields) {
  await page.click(`[data-operation="${operation}"]`);
  for (const [name, value] of Object.entries(fields)) await page.fill(`#p-${name}`, value);
  await page.click("#send");
  await page.waitForSelector("#status");
  return { status: await page.textContent("#status"), body: await page.textContent("#body") };
}

const browser = await chromium.launch({ executablePath: arg.chromium, args: flags });
try {
  for (const view of looks) {
    const context = await browser.newContext({
      locale: view.locale,
      viewport: { width: view.width, height: view.height },
      colorScheme: view.dark ? "dark" : "light",
    });
    const page = await context.newPage();
    let signedIn = false;
    page.on("console", (message) => {
      // Chromium says of every refused request that it was; before the login and for what is not there they are meant.
      if (message.type() === "error" && !/status of 40[14]/.test(message.text())) defects.push(`console (${view.lang}): ${message.text()}`);
    });
    page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));
    page.on("request", (request) => {
      const { origin } = new URL(request.url());
      if (origin !== new URL(arg.url).origin) defects.push(`asked elsewhere: ${origin}`);
      if (signedIn && request.headers().authorization) defects.push("a token is in the browser");
    });
    await page.goto(`${arg.url}/api/docs`);
    await page.waitForSelector("#stranger:not([hidden])");
    await look(page, "stranger", view);
    const refused = await tried(page, "get_stats", {});
    if (!refused.status.startsWith("401")) defects.push(`without a login: ${refused.status}`);

    await page.click("a.sign-in");
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await page.press("input[name=password]", "Enter");
    await page.waitForLoadState("load");
    if (await page.locator("button[name=decision][value=allow]").count()) {
      await page.click("button[name=decision][value=allow]");
      await page.waitForLoadState("load");
    }
    await page.waitForURL(/\/api\/docs/);
    await page.waitForSelector("#signed:not([hidden])");
    signedIn = true;
    const found = await tried(page, "search", { q: "결제", limit: "2" });
    if (!found.status.startsWith("200") || !JSON.parse(found.body).results.length) defects.push(`search: ${found.status}`);
    const text = await look(page, "tried", view);
    const missing = await tried(page, "get_entity", { id: "nobody" });
    if (!missing.status.startsWith("404") || JSON.parse(missing.body).error !== "not_found") defects.push(`missing: ${missing.status}`);
    await page.goto("about:blank");
    await page.goto(JSON.parse(missing.body).type);
    await page.waitForSelector("tr[aria-current]");
    const marked = await page.textContent("tr[aria-current]");
    if (!marked.includes("not_found")) defects.push(`marked: ${marked}`);
    await look(page, "problems", view);
    seen.push({ lang: view.lang, width: view.width, text });
    await context.close();
  }
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exitCode = defects.length ? 1 : 0;
