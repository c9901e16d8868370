// Walks pages behind a login in a real Chromium, once per language, width and colour scheme.
//
// In: --url of the site, --email and --password of somebody, --pages comma-separated paths, --name, --out folder for screenshots,
//     --refused (those of them that are meant to be 403), --chromium. Out: one JSON line with what was seen; exit code 1 on any defect. Every console error, page error and axe violation is a
//     defect. Signs in once by typing, and leaves by the button.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(["url", "email", "password", "pages", "name", "out", "chromium", "refused"].map((name) => [name, { type: "string" }])),
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(arg.out, { recursive: true });

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const looks = [
  { lang: "ko", locale: "ko-KR", width: 1280, height: 900, dark: false },
  { lang: "en", locale: "en-US", width: 360, height: 740, dark: true },
  { lang: "en", locale: "en-US", width: 1280, height: 900, dark: false },
  { lang: "ko", locale: "ko-KR", width: 360, height: 740, dark: true },
];
const defects = [];
const seen = [];

async function look(page, name, { lang, width, dark }) {
  const file = `${arg.out}/${arg.name}-${name.replaceAll(/[^a-z0-9]+/g, "-")}-${lang}-${width}-${dark ? "dark" : "light"}.png`;
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    inline: document.querySelectorAll("[style], script:not([src])").length,
    charts: document.querySelectorAll("figure.chart svg:not(.narrow)").length,
    tables: document.querySelectorAll("figure.chart details table").length,
  }));
  // A screenshot hides carets by inline styles, so it comes after the look at those.
  await page.screenshot({ path: file, fullPage: true });
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name} (${lang}): scrolls sideways at ${width} px`);
  if (facts.inline) defects.push(`${name}: has inline style or script`);
  if (facts.charts !== facts.tables) defects.push(`${name}: ${facts.charts} charts, ${facts.tables} tables`);
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}, ${width}): axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, title: facts.title, charts: facts.charts });
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
    const refused = new Set((arg.refused ?? "").split(",").filter(Boolean));
    let meant = false;
    page.on("console", (message) => {
      if (message.type() === "error" && !(meant && /status of 40[034]/.test(message.text()))) defects.push(`console (${view.lang}): ${message.text()}`);
    });
    page.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));
    const pages = arg.pages.split(",");
    await page.goto(`${arg.url}${pages[0]}`);
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await page.press("input[name=password]", "Enter");
    await page.waitForLoadState("load");
    if (await page.locator("button[name=decision][value=allow]").count()) {
      await page.click("button[name=decision][value=allow]");
      await page.waitForLoadState("load");
    }
    await page.waitForSelector("form[action$='signin/out']");
    for (const path of pages) {
      meant = refused.has(path);
      const answer = await page.goto(`${arg.url}${path}`);
      if (!meant && answer.status() !== 200) defects.push(`${path}: ${answer.status()}`);
      if (meant && answer.status() !== 403) defects.push(`${path}: ${answer.status()}, 403 was meant`);
      await look(page, path, view);
      meant = false;
    }
    // By keyboard: the first Tab stop skips to the content, and every control can be reached.
    await page.goto(`${arg.url}${pages[0]}`);
    await page.keyboard.press("Tab");
    if (!(await page.evaluate(() => document.activeElement?.matches("a.skip")))) defects.push("the first Tab stop is not the skip link");
    await page.keyboard.press("Enter");
    if (!(await page.evaluate(() => document.activeElement?.id === "main"))) defects.push("the skip link does not lead to the content");
    // The other language, and back.
    const other = view.lang === "ko" ? "en" : "ko";
    await Promise.all([page.waitForNavigation(), page.click(`button[name=language][value=${other}]`)]);
    if ((await page.evaluate(() => document.documentElement.lang)) !== other) defects.push(`the language does not change to ${other}`);
    await Promise.all([page.waitForNavigation(), page.click(`button[name=language][value=${view.lang}]`)]);
    // On paper.
    await page.emulateMedia({ media: "print", colorScheme: "light" });
    await page.screenshot({ path: `${arg.out}/${arg.name}-print-${view.lang}-${view.width}.png`, fullPage: true });
    if (await page.evaluate(() => getComputedStyle(document.querySelector(".who")).display) !== "none") defects.push("the menu is printed");
    await page.emulateMedia({ media: "screen", colorScheme: view.dark ? "dark" : "light" });
    await Promise.all([page.waitForURL(/signin\/bye/), page.click("form[action$='signin/out'] button")]);
    await look(page, "bye", view);
    await page.goto(`${arg.url}${pages[0]}`);
    if (!(await page.locator("input[name=password]").count())) defects.push("signed out, and yet no password is asked for");
    await context.close();
  }
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exitCode = defects.length ? 1 : 0;
