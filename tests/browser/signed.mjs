// Walks pages behind a login, once per language, width and colour scheme.
//
// In: --url of the site, --email and --password of somebody, --pages comma-separated paths, --refused those of them that are meant to
//     be 403, --name; and `walk.mjs`. Signs in once by typing, and leaves by the button.

import { consent, defects, FOUR, looking, picture, settings, shown, signIn, walk, watched } from "./walk.mjs";

const arg = settings("url", "email", "password", "pages", "name", "refused");
const look = looking(arg, {
  prefix: `${arg.name}-`,
  open: true,
  facts: () => ({
    inline: document.querySelectorAll("[style], script:not([src])").length,
    charts: document.querySelectorAll("figure.chart svg:not(.narrow)").length,
    tables: document.querySelectorAll("figure.chart details table").length,
  }),
  judge: ({ inline, charts, tables }) => [
    ...(inline ? ["has inline style or script"] : []),
    ...(charts === tables ? [] : [`${charts} charts, ${tables} tables`]),
  ],
});
const pages = arg.pages.split(",");
const closed = new Set((arg.refused ?? "").split(",").filter(Boolean));

await walk(arg, FOUR, async ({ context, view }) => {
  const page = await watched(context, view);
  await page.goto(`${arg.url}${pages[0]}`);
  await signIn(page, arg.email, arg.password);
  await consent(page);
  await page.waitForSelector("form[action$='signin/out']");
  for (const path of pages) {
    const meant = closed.has(path) ? 403 : 200;
    page.refusals = closed.has(path) ? 1 : 0;
    const answer = await page.goto(`${arg.url}${path}`);
    if (answer.status() !== meant) defects.push(`${path}: ${answer.status()}, ${meant} was meant`);
    await look(page, path, view);
    page.refusals = 0;
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
  await picture(page, `${arg.out}/${arg.name}-print-${view.lang}-${view.width}.png`);
  if (await page.evaluate(() => getComputedStyle(document.querySelector(".who")).display) !== "none") defects.push("the menu is printed");
  await page.emulateMedia({ media: "screen", colorScheme: shown(view).colorScheme });
  await Promise.all([page.waitForURL(/signin\/bye/), page.click("form[action$='signin/out'] button")]);
  await look(page, "bye", view);
  await page.goto(`${arg.url}${pages[0]}`);
  if (!(await page.locator("input[name=password]").count())) defects.push("signed out, and yet no password is asked for");
});
