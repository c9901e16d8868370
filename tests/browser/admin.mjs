// Walks the admin pages and an invitation in a real Chromium, once per language, width and colour scheme.
//
// In: --url of the site, --email and --password of an administrator, --out folder for screenshots, --chromium. Out: one JSON line with
//     what was seen; exit code 1 on any defect. Every console error, page error and axe violation is a defect.

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: arg } = parseArgs({
  options: Object.fromEntries(["url", "email", "password", "out", "chromium"].map((name) => [name, { type: "string" }])),
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
const defects = [];
const seen = [];

async function look(page, name, { lang, width }) {
  await page.screenshot({ path: `${arg.out}/admin-${name}-${lang}-${width}.png`, fullPage: true });
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    overflow: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    scripts: document.scripts.length,
  }));
  if (facts.lang !== lang) defects.push(`${name}: <html lang="${facts.lang}">, asked for ${lang}`);
  if (facts.overflow) defects.push(`${name}: scrolls sideways at ${width} px`);
  if (facts.scripts) defects.push(`${name}: has scripts`);
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  for (const v of violations) defects.push(`${name} (${lang}): axe ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
  seen.push({ page: name, lang, width, title: facts.title });
}

/** Moves to the element by Tab alone, and presses Enter on it. */
async function byKeyboard(page, selector) {
  for (let step = 0; step < 120; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
      await Promise.all([page.waitForLoadState("load"), page.keyboard.press("Enter")]);
      await page.waitForLoadState("load");
      return;
    }
  }
  defects.push(`${selector} is not reached by keyboard at ${page.url()}`);
}

const browser = await chromium.launch({ executablePath: arg.chromium, args: flags });
const at = (path) => `${arg.url}${path}`;
try {
  for (const view of looks) {
    const options = {
      locale: view.locale,
      viewport: { width: view.width, height: view.height },
      colorScheme: view.dark ? "dark" : "light",
    };
    const context = await browser.newContext(options);
    const page = await context.newPage();
    let expected = 0;
    const watch = (one) => {
      one.on("console", (message) => {
        // Chromium logs the status of a page that is *meant* to be refused; anything else is a defect.
        if (message.type() === "error" && !(expected > 0 && /status of 40[0349]/.test(message.text()))) {
          defects.push(`console (${view.lang}): ${message.text()}`);
        }
      });
      one.on("pageerror", (error) => defects.push(`page error (${view.lang}): ${error}`));
    };
    watch(page);
    const refused = async (work) => {
      expected += 1;
      await work();
      expected -= 1;
    };

    await page.goto(at("/admin"));
    await page.fill("input[name=email]", arg.email);
    await page.fill("input[name=password]", arg.password);
    await page.press("input[name=password]", "Enter");
    await page.waitForSelector(".admin-nav");
    await look(page, "users", view);
    for (const name of ["invitations", "clients", "grants", "keys", "audit"]) {
      await page.goto(at(`/admin/${name}`));
      await look(page, name, view);
    }
    await page.goto(at("/admin/users?q=nobody-has-this-name"));
    await look(page, "nothing-found", view);
    await page.goto(at("/admin/audit?from=2026-99-99"));
    await look(page, "bad-search", view);

    await page.goto(at("/admin/users?q=kim"));
    await page.click(".rows a");
    await page.waitForSelector("fieldset");
    await look(page, "user", view);
    const user = page.url();
    await byKeyboard(page, 'a.hurts[href*="act=disable"], a.hurts[href*="act=enable"]');
    await look(page, "confirm", view);
    await byKeyboard(page, "button.main");
    await page.waitForSelector("[role=status]");
    await look(page, "done", view);
    await page.goto(user);
    await page.check("input[name=role][value=exec]");
    await page.click("form button[type=submit]");
    await page.waitForSelector("input[name=request]", { state: "attached" });
    await look(page, "confirm-roles", view);
    await page.goto(at("/admin/users?q=hostile"));
    await page.click(".rows a");
    await look(page, "user-hostile", view);

    await page.goto(at("/admin/users"));
    const own = await page.getAttribute(`.rows a:has-text("${arg.email}")`, "href");
    await page.goto(`${arg.url}${own}`);
    await page.click('a.hurts[href*="act=disable"]');
    await refused(async () => {
      await page.click("button.main");
      await page.waitForSelector("[role=alert]");
      await look(page, "refused-own", view);
    });

    await page.goto(at("/admin/clients"));
    await page.click(".rows a");
    await look(page, "client", view);
    await page.click('a.hurts[href*="remove_client"]');
    await look(page, "confirm-client", view);

    await page.goto(at("/admin/invite"));
    await look(page, "invite", view);
    await refused(async () => {
      await page.fill("input[name=email]", arg.email);
      await page.press("input[name=email]", "Enter");
      await page.waitForSelector("[role=alert]");
      await look(page, "invite-taken", view);
    });
    await page.fill("input[name=email]", `guest-${view.lang}@example.com`);
    await page.press("input[name=email]", "Enter");
    await page.waitForSelector(".once");
    await look(page, "link", view);
    const link = await page.innerText(".once code");

    const other = await browser.newContext(options);
    const guest = await other.newPage();
    watch(guest);
    await guest.goto(link);
    await look(guest, "invitation", view);
    await refused(async () => {
      await guest.fill("input[name=password]", "long enough");
      await guest.fill("input[name=again]", "long enoughh");
      await guest.press("input[name=again]", "Enter");
      await guest.waitForSelector("[role=alert]");
      await look(guest, "invitation-differs", view);
    });
    await guest.fill("input[name=password]", "long enough");
    await guest.fill("input[name=again]", "long enough");
    await guest.press("input[name=again]", "Enter");
    await guest.waitForSelector('a[href$="/oauth/login"]');
    await look(guest, "invitation-done", view);
    await refused(async () => {
      await guest.goto(link);
      await look(guest, "invitation-gone", view);
    });
    await guest.goto(at("/oauth/login"));
    await guest.fill("input[name=email]", `guest-${view.lang}@example.com`);
    await guest.fill("input[name=password]", "long enough");
    await guest.press("input[name=password]", "Enter");
    await guest.waitForURL("**/oauth/");
    await refused(async () => {
      await guest.goto(at("/admin"));
      await look(guest, "forbidden", view);
    });
    await other.close();
    await context.close();
  }
} catch (error) {
  defects.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ defects, seen }));
process.exit(defects.length === 0 ? 0 : 1);
