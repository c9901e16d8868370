// Walks the admin pages and an invitation, once per language, width and colour scheme.
//
// In: --url of the site, --email and --password of an administrator; and `walk.mjs`.

import { looking, refused, settings, shown, signIn, tabTo, TWO, walk, watched } from "./walk.mjs";

const arg = settings("url", "email", "password");
const look = looking(arg, {
  prefix: "admin-",
  facts: () => ({ scripts: document.scripts.length }),
  judge: ({ scripts }) => (scripts ? ["has scripts"] : []),
});
const at = (path) => `${arg.url}${path}`;

/** Moves to the element by Tab alone, and presses Enter on it. */
async function byKeyboard(page, selector) {
  if (!(await tabTo(page, selector))) return;
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

await walk(arg, TWO, async ({ browser, context, view }) => {
  const page = await watched(context, view);
  await page.goto(at("/admin"));
  await signIn(page, arg.email, arg.password);
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
  await refused(page, async () => {
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
  await refused(page, async () => {
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

  const other = await browser.newContext(shown(view));
  const guest = await watched(other, view);
  await guest.goto(link);
  await look(guest, "invitation", view);
  await refused(guest, async () => {
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
  await refused(guest, async () => {
    await guest.goto(link);
    await look(guest, "invitation-gone", view);
  });
  await guest.goto(at("/oauth/login"));
  await signIn(guest, `guest-${view.lang}@example.com`, "long enough");
  await guest.waitForURL("**/oauth/");
  await refused(guest, async () => {
    await guest.goto(at("/admin"));
    await look(guest, "forbidden", view);
  });
  await other.close();
});
