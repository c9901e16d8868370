// A reverse proxy that adds a bearer token, because the conformance runner sends none.
//
// In: the target's origin and a token. Out: a server on a free loopback port.
// Whatever names this proxy (Host, Origin) is rewritten to name the target, as any reverse proxy
// does; a foreign Host or Origin goes through untouched, so the target's own checks are what is tested.
// Never: changes a body, a status or any other header; keeps the token anywhere but in memory.

import { createServer, request } from "node:http";

/** Starts the proxy. Resolves to `{ origin, close() }`. */
export function bearerProxy(target, token) {
  const upstream = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const own = `localhost:${server.address().port}`;
    const headers = [];
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      const [name, value] = [incoming.rawHeaders[i], incoming.rawHeaders[i + 1]];
      const lower = name.toLowerCase();
      if (lower === "host" && value === own) headers.push(name, upstream.host);
      else if (lower === "origin" && value === `http://${own}`) headers.push(name, upstream.origin);
      else if (lower !== "connection") headers.push(name, value);
    }
    if (incoming.headers.authorization === undefined) headers.push("Authorization", `Bearer ${token}`);
    const onward = request(
      {
        host: upstream.hostname,
        port: upstream.port || 80,
        method: incoming.method,
        path: incoming.url,
        headers,
        setHost: false,
        setDefaultHeaders: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", (error) => {
      if (outgoing.headersSent) outgoing.destroy(error);
      else outgoing.writeHead(502, { "content-type": "text/plain" }).end(String(error));
    });
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  return new Promise((resolve) => {
    server.listen(0, "localhost", () =>
      resolve({ origin: `http://localhost:${server.address().port}`, close: () => server.closeAllConnections() ?? server.close() }),
    );
  });
}
