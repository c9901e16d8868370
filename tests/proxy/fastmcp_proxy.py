"""FastMCP's own proxy in front of TARGET (an address, or a command), on PORT: a peer of auth-proxy in `make bench`."""

import os
import shlex

from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.server import create_proxy

target = os.environ["TARGET"]
if target.startswith("http"):
    transport = StreamableHttpTransport(target)
else:
    command, *arguments = shlex.split(target)
    transport = StdioTransport(command, arguments, keep_alive=True)

if __name__ == "__main__":
    create_proxy(transport).run(
        transport="http", host="127.0.0.1", port=int(os.environ["PORT"]), path="/mcp", show_banner=False
    )
