// Walks the login page with several providers, what each of them can come to, and the page of connected accounts: both languages, wide and
// narrow, light and dark.
//
// In: --url of the server, --walks as JSON ([{provider, page, status}]), --good provider that signs in, --email and --password of an
//     account; and `walk.mjs`.

import { FOUR, looking, settings, signIn, tabTo, walk, watched } from "./walk.mjs";

const arg = settings("url", "walks", "good", "email", "password");
const look = looking(arg, {
  // The login page has one script, of its own origin, for passkeys; everything works without it.
  facts: () => ({ scripts: [...document.scripts].filter((script) => !/\/oauth\/static\/passkey\.js/.test(script.src)).length }),
  judge: ({ scripts }) => (scripts ? ["has a script"] : []),
});

/** By keyboard alone: from the top of the page to the button, and Enter. */
async function press(page, action) {
  if (await tabTo(page, `form[action="${action}"] button`)) await page.keyboard.press("Enter");
}

await walk(arg, FOUR, async ({ context, view }) => {
  const page = await watched(context, view, /status of (400|403|429|502|503)/);
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
  await signIn(page, arg.email, arg.password);
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
    await signIn(page, `somebody-${view.lang}-${view.width}@example.com`, "not the password");
    await page.waitForSelector("[role=alert]");
  }
  await look(page, "login-too-many", view);
});
