// Runs the MCP conformance suite against a running stack.
//
//   node run.mjs server --url http://localhost:8082/mcp [--revision 2025-11-25|2026-07-28] [--scenario NAME]...
//   node run.mjs authorization --issuer http://localhost:8082 --resource http://localhost:8082/mcp
//
// server:         LOOP_TOKEN holds an access token. Without --revision both are run; without
//                 --scenario those that need no fixture tools.
// authorization:  registers a client, prints `open <URL>` on a line of its own and waits up to five
//                 minutes for a person (or a test) to log in and consent there.
// LOOP_CONFORMANCE is the suite's index.js (deploy/make/e2e-tools.sh); its whole output is shown for
// a scenario that fails. Out: one line a scenario, exit code 1 when any failed.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { bearerProxy } from "./bearer-proxy.mjs";

/** Those that need no fixture tools. `server-stateless` probes four things only fixture tools show. */
const SCENARIOS = {
  "2025-11-25": [
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
    "server-session-lifecycle",
    "server-sse-multiple-streams",
  ],
  "2026-07-28": ["tools-list", "caching", "dns-rebinding-protection", "http-header-validation", "server-stateless"],
};
const EXPECTED_FAILURES = { "server-stateless": new URL("./expected-failures.yaml", import.meta.url).pathname };

const suite = process.env.LOOP_CONFORMANCE;
if (!suite) fail("LOOP_CONFORMANCE is not set; see deploy/make/e2e-tools.sh");

const [command, ...rest] = process.argv.slice(2);
const { values: arg } = parseArgs({
  args: rest,
  options: {
    url: { type: "string" },
    revision: { type: "string" },
    scenario: { type: "string", multiple: true },
    issuer: { type: "string" },
    resource: { type: "string" },
  },
});
if (command === "server" && arg.url) process.exitCode = await server();
else if (command === "authorization" && arg.issuer && arg.resource) process.exitCode = await authorization();
else fail("usage: run.mjs server --url URL | authorization --issuer URL --resource URL");

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** Runs the suite once. Resolves to `{ code, output }`; every line is shown to `watch` as it comes. */
function suiteRun(args, watch = () => {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [suite, ...args], {
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output += `${line}\n`;
        watch(line);
      });
    }
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

async function server() {
  if (!process.env.LOOP_TOKEN) fail("LOOP_TOKEN is not set");
  const url = new URL(arg.url);
  const proxy = await bearerProxy(url.origin, process.env.LOOP_TOKEN);
  let failed = 0;
  for (const revision of arg.revision ? [arg.revision] : Object.keys(SCENARIOS)) {
    for (const scenario of arg.scenario ?? SCENARIOS[revision] ?? fail(`unknown revision ${revision}`)) {
      const args = ["server", "--url", proxy.origin + url.pathname, "--spec-version", revision, "--scenario", scenario];
      const baseline = EXPECTED_FAILURES[scenario];
      if (baseline) args.push("--expected-failures", baseline);
      const { code, output } = await suiteRun(args);
      // A scenario that does not belong to the revision exits 0 without a single check.
      const result = /^Passed: .*$/m.exec(output)?.[0];
      const ok = code === 0 && result !== undefined;
      console.log(`${ok ? "ok  " : "FAIL"} ${revision} ${scenario}: ${result ?? "no result"}`);
      if (!ok) {
        failed += 1;
        console.log(output);
      }
    }
  }
  proxy.close();
  return failed > 0 ? 1 : 0;
}

async function authorization() {
  const port = await freePort();
  const callback = `http://127.0.0.1:${port}/callback`;
  const clientId = await register(callback);
  const args = ["authorization", "--url", arg.issuer, "--client-id", clientId, "--resource", arg.resource];
  args.push("--port", String(port), "--spec-version", arg.revision ?? "2026-07-28");
  const { code, output } = await suiteRun(args, (line) => {
    if (URL.canParse(line) && new URL(line).searchParams.has("code_challenge")) console.log(`open ${line}`);
  });
  // Two scenarios, and the second is skipped rather than failed when the first is broken.
  const passed = (output.match(/^✓ .*: [1-9]\d* passed, 0 failed$/gm) ?? []).length;
  const ok = code === 0 && passed === 2;
  console.log(`${ok ? "ok  " : "FAIL"} authorization: ${passed} of 2 scenarios passed`);
  if (!ok) console.log(output);
  return ok ? 0 : 1;
}

/** Registers a public client for `callback` (RFC 7591) and answers its id. */
async function register(callback) {
  const metadata = await (await fetch(`${arg.issuer}/.well-known/oauth-authorization-server`)).json();
  const answer = await fetch(metadata.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "MCP conformance",
      redirect_uris: [callback],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    }),
  });
  if (answer.status !== 201) fail(`registration answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()).client_id;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
