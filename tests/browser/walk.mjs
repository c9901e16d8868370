// What every walk through pages in a real Chromium has in common: its settings, how a page is looked at, what is a defect.
//
// In: --name value for each setting; all have --out, a folder for screenshots, and --chromium. Out: one JSON line with what was seen and
//     the defects; exit code 1 on any. Every console error, page error, axe violation and sideways scroll is a defect.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const ko = { lang: "ko", locale: "ko-KR" };
const en = { lang: "en", locale: "en-US" };
const wide = { width: 1280, height: 900 };
const narrow = { width: 360, height: 740 };
/** Each language once, wide and light, narrow and dark. */
export const TWO = [{ ...ko, ...wide, dark: false }, { ...en, ...narrow, dark: true }];
/** Each language wide and narrow, light and dark. */
export const FOUR = [...TWO, { ...ko, ...narrow, dark: false }, { ...en, ...wide, dark: true }];

export const defects = [];
export const seen = [];

/** The settings of a walk. */
export function settings(...names) {
  const options = [...names, "out", "chromium"].map((name) => [name, { type: "string" }]);
  const { values } = parseArgs({ options: Object.fromEntries(options) });
  mkdirSync(values.out, { recursive: true });
  return values;
}

/** How a browser shows pages in this view. */
export const shown = ({ locale, width, height, dark }) => ({ locale, viewport: { width, height }, colorScheme: dark ? "dark" : "light" });

/**
 * A way to look at pages, which keeps screenshots `<prefix><name>-<lang>-<width>.png` and what it saw.
 *
 * `facts` runs in the page and is kept with the rest; `judge` says what of it is wrong. `open`: folded parts are unfolded before axe looks.
 */
export function looking(arg, { prefix = "", facts = () => ({}), judge = () => [], open = false } = {}) {
  return async function look(page, name, { lang, width }) {
    const file = `${arg.out}/${prefix}${name.replaceAll(/[^a-z0-9]+/g, "-")}-${lang}-${width}.png`;
    const common = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      title: document.title,
      text: document.body.innerText,
      overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    }));
    const own = await page.evaluate(facts);
    // A screenshot hides carets by inline styles, so it comes after the look at those.
    await picture(page, file);
    const bad = (what) => defects.push(`${name} (${lang}, ${width}): ${what}`);
    if (common.lang !== lang) bad(`<html lang="${common.lang}">`);
    if (common.overflow) bad("scrolls sideways");
    for (const what of judge(own)) bad(what);
    if (open) await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
    const { violations } = await page.evaluate(`${axe}; axe.run()`);
    for (const { id, nodes } of violations) bad(`axe ${id}: ${nodes.slice(0, 3).map((node) => node.target).join(", ")}`);
    seen.push({ page: name, lang, width, title: common.title, text: common.text, ...own });
    return common.text;
  };
}

/** A picture of the whole page. Chromium on a busy machine at times has none ready in time and says so; it is asked again then. */
export async function picture(page, file, tries = 3) {
  try {
    await page.screenshot({ path: file, fullPage: true });
  } catch (error) {
    if (tries <= 1 || !/Unable to capture screenshot/.test(error.message)) throw error;
    await picture(page, file, tries - 1);
  }
}

/** A page whose errors are defects. Chromium says of every refused request that it was: those that match `always` may be. */
export async function watched(context, { lang }, always = /^$/) {
  const page = await context.newPage();
  page.refusals = 0;
  page.on("console", (message) => {
    if (message.type() !== "error" || always.test(message.text())) return;
    if (page.refusals > 0 && /status of 4\d\d/.test(message.text())) return;
    defects.push(`console (${lang}): ${message.text()}`);
  });
  page.on("pageerror", (error) => defects.push(`page error (${lang}): ${error}`));
  return page;
}

/** Does what is *meant* to be refused. */
export async function refused(page, work) {
  page.refusals += 1;
  await work();
  page.refusals -= 1;
}

/** Presses Tab until what has the focus matches, as a person without a mouse does. */
export async function tabTo(page, selector) {
  for (let step = 0; step < 120; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return true;
  }
  defects.push(`${selector} is not reached by the keyboard at ${page.url()}`);
  return false;
}

/** Types an address and a password, sends them, and waits for the page that comes. */
export async function signIn(page, email, password) {
  await page.fill("input[name=email]", email);
  await page.fill("input[name=password]", password);
  await Promise.all([page.waitForNavigation(), page.press("input[name=password]", "Enter")]);
}

/** Consents if it is asked, which it is once. */
export async function consent(page) {
  if (!(await page.locator("button[name=decision][value=allow]").count())) return;
  await Promise.all([page.waitForNavigation(), page.click("button[name=decision][value=allow]")]);
}

/** Does `work` in a browser for each of these views in turn, and says what came of it. */
export async function walk(arg, views, work) {
  const browser = await chromium.launch({ executablePath: arg.chromium, args: flags });
  try {
    for (const [round, view] of views.entries()) {
      const context = await browser.newContext(shown(view));
      await work({ browser, context, view, round });
      await context.close();
    }
  } catch (error) {
    defects.push(`stopped: ${error.stack}`);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify({ defects, seen }));
  process.exitCode = defects.length ? 1 : 0;
}
