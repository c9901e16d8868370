// Reads the page of the API and tries it, signed in with loop-auth, once per language, width and scheme.
//
// In: --url of the site, --email and --password of somebody; and `walk.mjs`. A request to elsewhere is a defect, too.

import { consent, defects, FOUR, looking, settings, signIn, walk, watched } from "./walk.mjs";

const arg = settings("url", "email", "password");
const look = looking(arg, { prefix: "docs-" });

/** Chooses an operation, fills in its form, sends it; the status and the body shown. */
async function tried(page, operation, fields) {
  await page.click(`[data-operation="${operation}"]`);
  for (const [name, value] of Object.entries(fields)) await page.fill(`#p-${name}`, value);
  await page.click("#send");
  await page.waitForSelector("#status");
  return { status: await page.textContent("#status"), body: await page.textContent("#body") };
}

await walk(arg, FOUR, async ({ context, view }) => {
  // Before the login and for what is not there, refusals are meant.
  const page = await watched(context, view, /status of 40[14]/);
  let signedIn = false;
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
  await signIn(page, arg.email, arg.password);
  await consent(page);
  await page.waitForURL(/\/api\/docs/);
  await page.waitForSelector("#signed:not([hidden])");
  signedIn = true;
  const found = await tried(page, "search", { q: "결제", limit: "2" });
  if (!found.status.startsWith("200") || !JSON.parse(found.body).results.length) defects.push(`search: ${found.status}`);
  await look(page, "tried", view);
  const missing = await tried(page, "get_entity", { id: "nobody" });
  if (!missing.status.startsWith("404") || JSON.parse(missing.body).error !== "not_found") defects.push(`missing: ${missing.status}`);
  await page.goto("about:blank");
  await page.goto(JSON.parse(missing.body).type);
  await page.waitForSelector("tr[aria-current]");
  const marked = await page.textContent("tr[aria-current]");
  if (!marked.includes("not_found")) defects.push(`marked: ${marked}`);
  await look(page, "problems", view);
});
