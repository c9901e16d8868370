"""Connects to an MCP server behind Loop with the Python SDK: pip install mcp==2.3.0

    python connect.py http://localhost:8082/mcp                   log in, list the tools
    python connect.py http://localhost:8082/mcp search query=oauth  log in, call a tool
    python connect.py --print-token http://localhost:8082/mcp     log in, print an access token for curl

Opens the login in your browser and waits for it on a free port of this machine. Tokens are kept in memory
only; a program of yours keeps them where it keeps its secrets (the class Memory), and logs in once.
"""

import argparse
import asyncio
import sys
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata


class Callback:
    """The redirect's other end: a small server on this machine that waits for one answer."""

    def __init__(self):
        callback = self
        self.answer = None
        self.arrived = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                callback.answer = dict(parse_qsl(urlsplit(self.path).query))
                self.send_response(200)
                self.send_header("content-type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"Done. You can close this window.")
                callback.arrived.set()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("localhost", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    async def open(self, url):
        print(f"Log in here (your browser should open): {url}", file=sys.stderr)
        webbrowser.open(url)

    async def wait(self):
        await asyncio.to_thread(self.arrived.wait)
        if "code" not in self.answer:
            raise SystemExit(f"not allowed: {self.answer.get('error_description') or self.answer.get('error')}")
        return AuthorizationCodeResult(code=self.answer["code"], state=self.answer.get("state"), iss=self.answer.get("iss"))


class Memory:
    """Where the SDK keeps tokens and its registration."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print-token", action="store_true", help="print an access token and leave")
    parser.add_argument("url")
    parser.add_argument("tool", nargs="?")
    parser.add_argument("arguments", nargs="*", metavar="name=value")
    args = parser.parse_args()

    callback, memory = Callback(), Memory()
    auth = OAuthClientProvider(
        server_url=args.url,
        client_metadata=OAuthClientMetadata(
            client_name="connect.py",
            redirect_uris=[callback.url],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        storage=memory,
        redirect_handler=callback.open,
        callback_handler=callback.wait,
    )
    async with Client(streamable_http_client(args.url, http_client=create_mcp_http_client(auth=auth))) as client:
        if args.print_token:
            print(memory.tokens.access_token)
        elif args.tool:
            result = await client.call_tool(args.tool, dict(pair.split("=", 1) for pair in args.arguments))
            for item in result.content:
                print(getattr(item, "text", item))
        else:
            for tool in (await client.list_tools()).tools:
                print(f"{tool.name:20} {(tool.description or '').splitlines()[0]}")


if __name__ == "__main__":
    asyncio.run(main())
