// Passkeys: asks this server for a challenge, the browser's authenticator for an answer, and sends that as a form.
// Pages work without: whatever needs it is hidden until this file shows it.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  /** The options of the server, with bytes where the browser wants bytes. */
  const decoded = ({ publicKey }) => {
    publicKey.challenge = bytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      for (const credential of publicKey[list] ?? []) credential.id = bytes(credential.id);
    }
    return { publicKey };
  };

  /** The answer, with text where it has bytes. */
  const encoded = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const run = async (form) => {
    const said = form.querySelector("[data-passkey-problem]");
    said.hidden = true;
    try {
      const body = new URLSearchParams({ csrf: form.elements.csrf.value });
      const begun = await fetch(form.dataset.passkey, { method: "POST", body });
      if (!begun.ok) throw new Error(`begin: ${begun.status}`);
      const options = decoded(await begun.json());
      const ask = form.dataset.passkeyKind === "create" ? "create" : "get";
      form.elements.credential.value = encoded(await navigator.credentials[ask](options));
      form.submit();
    } catch {
      said.hidden = false;
      said.focus();
    }
  };

  if (window.PublicKeyCredential) {
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.hidden = false;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        run(form);
      });
    }
  }
}
