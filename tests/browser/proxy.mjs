// Walks auth-proxy's own pages in a real Chromium, once per language, width and colour scheme.
//
// In: --url of the proxy, --email and --password of an administrator, --out folder for screenshots, --chromium. Out: one JSON line with
//     what was seen; exit code 1 on any defect. Every console error, page error and axe violation is a defect. Signs in by typing,
//     connects an account and disconnects it, by keyboard alone.

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
];
const defects = [];
const seen = [];

async function look(page, name, { lang, width, dark }) {
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    inline: document.querySelectorAll("[style], script").length,
    text: document.querySelector("main").innerText,
  }));
  await page.screenshot({ path: `${arg.out}/proxy-${name}-${lang}-${width}-${dark ? "dark" : "light"}.png`, fullPage: true });
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name} (${lang}): scrolls sideways at ${width} px`);
  if (facts.inline) defects.push(`${name}: has inline style or script`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}, ${width}): axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, title: facts.title, text: facts.text });
}

/** Presses the button of this value by keyboard alone. */
async function press(page, value) {
  for (let at = 0; at < 40; at += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((value) => document.activeElement?.value === value, value)) {
      await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
      return page.waitForLoadState("load");
    }
  }
  defects.push(`the button ${value} is not reached by keyboard`);
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
      if (message.type() === "error") defects.push(`console (${view.lang}): ${message.text()}`);
    });
    page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));
    await page.goto(`${arg.url}/connections`);
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await Promise.all([page.waitForURL(/\/connections/), page.press("input[name=password]", "Enter")]);
    await look(page, "not-connected", view);
    await press(page, "connect");
    await look(page, "connected", view);
    await page.goto(`${arg.url}/connections`);
    await press(page, "disconnect");
    await look(page, "disconnected", view);
    await page.goto(`${arg.url}/servers`);
    await look(page, "servers", view);
    await context.close();
  }
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exitCode = defects.length ? 1 : 0;
