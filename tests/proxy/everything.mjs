// The TypeScript SDK works with server-everything twice: over stdio by itself, and through auth-proxy.
//
//   PROXY_URL=http://localhost:8080/everything/mcp TOKEN=… node everything.mjs
//
// Out: "the same: N answers" and 0, or the first difference and 1.

import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

const server = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");

/** Everything that a client sees, in order. */
async function transcript(transport) {
  const client = new Client(
    { name: "comparison", version: "1" },
    { capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } },
  );
  const asked = [];
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    asked.push(["sampling", params.messages]);
    return { model: "none", role: "assistant", content: { type: "text", text: "a sample" } };
  });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(["elicitation", params.message, params.requestedSchema]);
    return { action: "decline" };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///srv", name: "srv" }] }));
  await client.connect(transport);
  const seen = [];
  const keep = async (name, answer) => seen.push([name, await answer]);
  await keep("server", client.getServerVersion());
  await keep("capabilities", client.getServerCapabilities());
  await keep("instructions", client.getInstructions());
  await keep("tools", client.listTools());
  await keep("prompts", client.listPrompts());
  await keep("templates", client.listResourceTemplates());
  await keep("resources", client.listResources());
  const call = (name, args = {}) => client.callTool({ name, arguments: args });
  await keep("echo", call("echo", { message: 'bytes: "é" 日本 \u0000 1e3' }));
  await keep("sum", call("get-sum", { a: 0.1, b: 1e21 }));
  await keep("structured", call("get-structured-content", { location: "Chicago" }));
  await keep("image", call("get-tiny-image"));
  await keep("links", call("get-resource-links", { count: 3 }));
  await keep("annotated", call("get-annotated-message", { messageType: "error", includeImage: true }));
  await keep("wrong arguments", call("get-sum", { a: "x" }).catch((error) => [error.code, error.message]));
  await keep("no such tool", call("no-such-tool").catch((error) => [error.code, error.message]));
  await keep("prompt", client.getPrompt({ name: "args-prompt", arguments: { city: "Seoul" } }));
  await keep("completion", client.complete({
    ref: { type: "ref/prompt", name: "completable-prompt" }, argument: { name: "department", value: "E" },
  }));
  await keep("read", client.readResource({ uri: "demo://resource/static/document/features.md" })
    .catch((error) => [error.code, error.message]));
  const steps = [];
  await keep("progress", client.callTool(
    { name: "trigger-long-running-operation", arguments: { duration: 0.4, steps: 4 } }, undefined,
    { onprogress: (progress) => steps.push(progress) },
  ));
  // The last one may come so close to the answer that the SDK drops it.
  await keep("steps", steps.slice(0, 3));
  await keep("sampling", call("trigger-sampling-request", { prompt: "say", maxTokens: 9 }));
  await keep("elicitation", call("trigger-elicitation-request"));
  await keep("asked", asked);
  const controller = new AbortController();
  const slow = client.callTool(
    { name: "trigger-long-running-operation", arguments: { duration: 30, steps: 3 } }, undefined,
    { signal: controller.signal },
  );
  setTimeout(() => controller.abort("enough"), 200);
  await keep("cancelled", slow.then(() => "answered", () => "cancelled"));
  await keep("after that", call("echo", { message: "still here" }));
  await client.close();
  return seen;
}

const direct = await transcript(
  new StdioClientTransport({ command: process.execPath, args: [server, "stdio"], stderr: "ignore" }),
);
const through = await transcript(
  new StreamableHTTPClientTransport(new URL(process.env.PROXY_URL), {
    requestInit: { headers: { Authorization: `Bearer ${process.env.TOKEN}` } },
  }),
);
/** What differs between two runs of the server itself: clock readings. */
const plain = (value) => JSON.parse(JSON.stringify(value).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"));
for (const [at, [name, expected]] of direct.entries()) {
  if (!isDeepStrictEqual(plain(through[at][1] ?? null), plain(expected ?? null))) {
    console.log(`${name} differs:\n${JSON.stringify(expected)}\n${JSON.stringify(through[at][1])}`);
    process.exit(1);
  }
}
console.log(`the same: ${direct.length} answers`);
