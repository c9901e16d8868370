// Walks the login page with several providers, what each of them can come to, and the page of connected accounts, in a real Chromium:
// both languages, wide and narrow, light and dark.
//
// In: --url of the server, --walks as JSON ([{provider, page, status}]), --good provider that signs in, --email and --password of an
//     account, --out folder for screenshots, --chromium. Out: one JSON line with what was seen.
// Every console message of level error, every page error and every axe violation is a defect.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(["url", "walks", "good", "email", "password", "out", "chromium"].map((name) => [name, { type: "string" }])),
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const looks = [
  { lang: "ko", locale: "ko-KR", width: 1280, height: 800, dark: false },
  { lang: "en", locale: "en-US", width: 360, height: 740, dark: true },
  { lang: "ko", locale: "ko-KR", width: 360, height: 740, dark: true },
  { lang: "en", locale: "en-US", width: 1280, height: 800, dark: false },
];
const defects = [];
const seen = [];

async function look(page, name, { lang, width }) {
  await page.screenshot({ path: `${arg.out}/${name}-${lang}-${width}.png`, fullPage: true });
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    text: document.body.innerText,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    // The login page has one script, of its own origin, for passkeys; everything works without it.
    scripts: [...document.scripts].filter((script) => !/\/oauth\/static\/passkey\.js/.test(script.src)).length,
  }));
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name}: scrolls sideways at ${width} px`);
  if (facts.scripts) defects.push(`${name}: has a script`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}): axe ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, text: facts.text });
}

/** By keyboard alone: from the top of the page to the button, and Enter. */
async function press(page, action) {
  for (let steps = 0; steps < 40; steps += 1) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => document.activeElement?.closest("form")?.getAttribute("action"));
    const button = await page.evaluate(() => document.activeElement?.tagName === "BUTTON");
    if (button && here === action) {
      await page.keyboard.press("Enter");
      return;
    }
  }
  defects.push(`no way to ${action} by keyboard`);
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
    page.on("console", (message) => {
      // Chromium logs the status of a page that is meant to be refused; anything else is a defect.
      if (message.type() === "error" && !/status of (400|403|429|502|503)/.test(message.text())) defects.push(`console (${view.lang}): ${message.text()}`);
    });
    page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));
    const login = `${arg.url}/oauth/login`;

    await page.goto(login);
    await look(page, "providers-login", view);

    for (const walk of JSON.parse(arg.walks)) {
      await page.goto(login);
      const arrived = page.waitForResponse((response) => response.status() === walk.status && response.request().isNavigationRequest());
      await press(page, `/oauth/federation/${walk.provider}`);
      await arrived;
      await page.waitForSelector("[role=alert]");
      await look(page, `providers-${walk.page}`, view);
      await page.click("a.button");
      await page.waitForSelector("input[name=password]");
    }

    await page.goto(`${arg.url}/oauth/callback/${arg.good}?state=made-up&code=x`);
    await look(page, "providers-stale", view);

    await page.goto(login);
    await press(page, `/oauth/federation/${arg.good}`);
    await page.waitForURL(`${arg.url}/oauth/`);
    await page.goto(`${arg.url}/oauth/identities`);
    await look(page, "identities-of-a-newcomer", view);

    await context.clearCookies();
    await page.goto(login);
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await page.press("input[name=password]", "Enter");
    await page.waitForURL(`${arg.url}/oauth/`);
    await look(page, "home", view);
    await page.goto(`${arg.url}/oauth/identities`);
    await look(page, "identities-none", view);
    await press(page, "/oauth/identities/link/taken");
    await page.waitForSelector("form[action$=remove]");
    await look(page, "identities-connected", view);
    await press(page, "/oauth/identities/remove");
    await page.waitForURL(`${arg.url}/oauth/identities`);
    await page.waitForSelector("form[action$=remove]", { state: "detached" });

    await context.clearCookies();
    await page.goto(login);
    for (let tries = 0; tries < 7; tries += 1) {
      await page.fill("input[name=email]", `somebody-${view.lang}-${view.width}@example.com`);
      await page.fill("input[name=password]", "not the password");
      const answered = page.waitForNavigation();
      await page.press("input[name=password]", "Enter");
      await answered;
      await page.waitForSelector("[role=alert]");
    }
    await look(page, "login-too-many", view);
    await context.close();
  }
} catch (error) {
  defects.push(`stopped: ${error.stack}`);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exit(defects.length ? 1 : 0);
