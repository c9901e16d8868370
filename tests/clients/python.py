"""OAuth clients that others wrote, against a real loop-auth: Authlib and requests-oauthlib.

    python python.py LIBRARY ISSUER RESOURCE REDIRECT_URI CAPABILITY...

Speaks as node.mjs does: {"open": url} when a person must log in, then reads where the browser landed;
{"answer": url, "code": text} when a person must answer a device; {"capability": name, "ok": true} for what works. A capability that lands in the server is one more function.
"""

import json
import os
import sys
import time
import traceback
from urllib.parse import parse_qs, urlsplit

# They refuse plain HTTP otherwise, also on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as Authlib
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsOauthlib

LIBRARY, ISSUER, RESOURCE, REDIRECT_URI, *CAPABILITIES = sys.argv[1:]
SCOPE = "mcp:read"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def say(value):
    print(json.dumps(value), flush=True)


def visit(url):
    """Has a person open the URL; where the browser landed. Its `iss` must be the issuer (RFC 9207)."""
    say({"open": url})
    landed = sys.stdin.readline().strip()
    assert parse_qs(urlsplit(landed).query)["iss"] == [ISSUER], landed
    return landed


def allowed(url, code):
    """Has a person allow what a device shows."""
    say({"answer": url, "code": code})
    sys.stdin.readline()


def refused(call, errors, code):
    try:
        call()
    except errors as error:
        assert error.error == code, error
    else:
        raise AssertionError(f"nobody refused; expected {code}")


class Common:
    """What neither library does by itself: discovery and registration."""

    def register(self):
        self.server = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()
        assert self.server["issuer"] == ISSUER
        metadata = {
            "client_name": f"{LIBRARY} of the tests",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        }
        answer = requests.post(self.server["registration_endpoint"], json=metadata, timeout=10)
        assert answer.status_code == 201, answer.text
        self.client_id = answer.json()["client_id"]

    def ask_device(self, auth):
        """Asks for codes (RFC 8628 §3.1), which neither library does."""
        endpoint = self.server["device_authorization_endpoint"]
        answer = requests.post(endpoint, data={"scope": SCOPE}, auth=auth, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def machine(self):
        return os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

    def verify(self, token):
        """Authlib's own JOSE checks the signature and the claims (RFC 9068)."""
        keys = JsonWebKey.import_key_set(requests.get(self.server["jwks_uri"], timeout=10).json())
        wanted = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": RESOURCE}}
        claims = jwt.decode(token, keys, claims_options=wanted)
        claims.validate()
        assert claims.header["typ"] == "at+jwt" and claims["client_id"] == self.client_id, claims


class WithAuthlib(Common):
    def session(self, **more):
        return Authlib(
            self.client_id,
            redirect_uri=REDIRECT_URI,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint_auth_method="none",
            revocation_endpoint_auth_method="none",
            **more,
        )

    def log_in(self):
        session, verifier = self.session(), generate_token(48)
        url, _ = session.create_authorization_url(
            self.server["authorization_endpoint"], code_verifier=verifier, resource=RESOURCE
        )
        landed = visit(url)
        endpoint = self.server["token_endpoint"]
        self.again = lambda: session.fetch_token(endpoint, authorization_response=landed, code_verifier=verifier)
        tokens = self.again()
        assert tokens["scope"] == SCOPE and tokens["refresh_token"], tokens
        return session, tokens

    def code(self):
        _, tokens = self.log_in()
        self.verify(tokens["access_token"])
        refused(self.again, OAuthError, "invalid_grant")

    def refresh(self):
        session, tokens = self.log_in()
        endpoint = self.server["token_endpoint"]
        following = session.refresh_token(endpoint, refresh_token=tokens["refresh_token"])
        assert following["refresh_token"] != tokens["refresh_token"]
        self.tokens = session.refresh_token(endpoint, refresh_token=following["refresh_token"])
        self.logged_in = session

    def introspection(self):
        client_id, secret = self.machine()
        session = Authlib(client_id, secret, token_endpoint_auth_method="client_secret_basic")
        endpoint = self.server["introspection_endpoint"]
        told = session.introspect_token(endpoint, token=self.tokens["access_token"]).json()
        assert told["active"] and told["scope"] == SCOPE, told

    def revocation(self):
        endpoint, token = self.server["revocation_endpoint"], self.tokens["refresh_token"]
        answer = self.logged_in.revoke_token(endpoint, token=token, token_type_hint="refresh_token")
        assert answer.status_code == 200, answer.text
        endpoint = self.server["token_endpoint"]
        refused(lambda: self.logged_in.refresh_token(endpoint, refresh_token=token), OAuthError, "invalid_grant")

    def client_credentials(self):
        client_id, secret = self.machine()
        session = Authlib(client_id, secret, scope=SCOPE, token_endpoint_auth_method="client_secret_post")
        tokens = session.fetch_token(self.server["token_endpoint"], grant_type="client_credentials")
        assert tokens["access_token"] and "refresh_token" not in tokens, tokens

    def device(self):
        client_id, secret = self.machine()
        asked = self.ask_device((client_id, secret))
        session = Authlib(client_id, secret, scope=SCOPE, token_endpoint_auth_method="client_secret_basic")
        endpoint = self.server["token_endpoint"]
        poll = lambda: session.fetch_token(endpoint, grant_type=DEVICE_CODE, device_code=asked["device_code"])
        refused(poll, OAuthError, "authorization_pending")
        allowed(asked["verification_uri_complete"], asked["user_code"])
        time.sleep(asked["interval"])
        tokens = poll()
        assert tokens["access_token"] and tokens["scope"] == SCOPE, tokens
        refused(poll, OAuthError, "invalid_grant")

    def openid(self):
        session, verifier, nonce = self.session(), generate_token(48), generate_token()
        session.scope = "openid email"
        url, _ = session.create_authorization_url(
            self.server["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        landed = visit(url)
        endpoint = self.server["token_endpoint"]
        tokens = session.fetch_token(endpoint, authorization_response=landed, code_verifier=verifier)
        keys = JsonWebKey.import_key_set(requests.get(self.server["jwks_uri"], timeout=10).json())
        claims = jwt.decode(
            tokens["id_token"],
            keys,
            claims_cls=CodeIDToken,
            claims_options={"iss": {"essential": True, "value": ISSUER}},
            claims_params={"nonce": nonce, "client_id": self.client_id, "access_token": tokens["access_token"]},
        )
        claims.validate()
        person = session.get(self.server["userinfo_endpoint"]).json()
        assert person["sub"] == claims["sub"] and person["email"], person


class WithRequestsOauthlib(Common):
    def log_in(self):
        session = RequestsOauthlib(client=WebApplicationClient(self.client_id), redirect_uri=REDIRECT_URI, scope=[SCOPE], pkce="S256")
        url, _ = session.authorization_url(self.server["authorization_endpoint"], resource=RESOURCE)
        landed = visit(url)
        endpoint = self.server["token_endpoint"]
        self.again = lambda: session.fetch_token(endpoint, authorization_response=landed, include_client_id=True)
        tokens = self.again()
        assert tokens["refresh_token"], tokens
        return session, tokens

    def code(self):
        _, tokens = self.log_in()
        self.verify(tokens["access_token"])
        refused(self.again, InvalidGrantError, "invalid_grant")

    def refresh(self):
        session, tokens = self.log_in()
        endpoint = self.server["token_endpoint"]
        following = session.refresh_token(endpoint, refresh_token=tokens["refresh_token"], client_id=self.client_id)
        assert following["refresh_token"] != tokens["refresh_token"]
        self.tokens = session.refresh_token(endpoint, refresh_token=following["refresh_token"], client_id=self.client_id)
        self.logged_in = session

    def revocation(self):
        client = WebApplicationClient(self.client_id)
        token = self.tokens["refresh_token"]
        url, headers, body = client.prepare_token_revocation_request(
            self.server["revocation_endpoint"], token, token_type_hint="refresh_token", client_id=self.client_id
        )
        answer = requests.post(url, headers=headers, data=body, timeout=10)
        assert answer.status_code == 200, answer.text
        endpoint = self.server["token_endpoint"]
        again = lambda: self.logged_in.refresh_token(endpoint, refresh_token=token, client_id=self.client_id)
        refused(again, InvalidGrantError, "invalid_grant")

    def client_credentials(self):
        client_id, secret = self.machine()
        session = RequestsOauthlib(client=BackendApplicationClient(client_id, scope=[SCOPE]))
        tokens = session.fetch_token(self.server["token_endpoint"], auth=HTTPBasicAuth(client_id, secret))
        assert tokens["access_token"] and "refresh_token" not in tokens, tokens


def main():
    client = {"authlib": WithAuthlib, "requests-oauthlib": WithRequestsOauthlib}[LIBRARY]()
    for capability in CAPABILITIES:
        try:
            getattr(client, capability)()
        except Exception:
            say({"capability": capability, "error": traceback.format_exc()})
            sys.exit(1)
        say({"capability": capability, "ok": True})


main()
