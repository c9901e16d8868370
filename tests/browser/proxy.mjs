// Walks auth-proxy's own pages, once per language, width and colour scheme.
//
// In: --url of the proxy, --email and --password of an administrator; and `walk.mjs`. Signs in by typing, connects an account and
//     disconnects it, by keyboard alone.

import { defects, looking, settings, signIn, tabTo, TWO, walk, watched } from "./walk.mjs";

const arg = settings("url", "email", "password");
const look = looking(arg, {
  prefix: "proxy-",
  facts: () => ({ inline: document.querySelectorAll("[style], script").length }),
  judge: ({ inline }) => (inline ? ["has inline style or script"] : []),
});

/** Presses the button of this value by keyboard alone. */
async function press(page, value) {
  if (!(await tabTo(page, `button[value=${value}]`))) return;
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await page.waitForLoadState("load");
}

await walk(arg, TWO, async ({ context, view }) => {
  const page = await watched(context, view);
  await page.goto(`${arg.url}/connections`);
  await signIn(page, arg.email, arg.password);
  await page.waitForURL(/\/connections/);
  await look(page, "not-connected", view);
  await press(page, "connect");
  await look(page, "connected", view);
  await page.goto(`${arg.url}/connections`);
  await press(page, "disconnect");
  await look(page, "disconnected", view);
  await page.goto(`${arg.url}/servers`);
  await look(page, "servers", view);
});
