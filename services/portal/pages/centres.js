// Talking to the centres through the portal's relay. Every token is bound to a key that never leaves this page and that
// the card or the passkey has named, and every proof names the centre's own address: the portal can neither sign in nor ask by itself.

import { randomText, sha256, toBase64url, utf8 } from "./bytes.js";

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const PASSKEY_GRANT = "urn:sekisho:params:oauth:grant-type:passkey";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";
const ASSERTION_SECONDS = 120;
const MARGIN_SECONDS = 30;

// A refusal or a silence: `body` is the centre (or "portal"), `code` stable, `members` what else the answer said.
export class CentreError extends Error {
  constructor(body, code, members = {}, nonce = null) {
    super(code);
    this.nonce = nonce;
    this.body = body;
    this.code = code;
    this.members = members;
  }
}

export async function fetchJson(body, address, options = {}) {
  let response;
  let told;
  try {
    response = await fetch(address, { cache: "no-store", credentials: "same-origin", redirect: "error", ...options });
  } catch {
    throw new CentreError("portal", "portal_down");
  }
  try {
    const answer = await response.text();
    told = answer === "" ? null : JSON.parse(answer);
  } catch {
    throw new CentreError(body, "bad_answer");
  }
  if (!response.ok) {
    const nonce = response.headers.get("DPoP-Nonce");
    throw new CentreError(body, told?.code ?? told?.error ?? "bad_answer", told ?? {}, nonce);
  }
  return told;
}

// What needs no session: trying a PIN, changing it, and stopping a card by its telephone code.
const askCards = (path, request) => fetchJson("identity", `/relay/identity/cards/${path}`, jsonPost(request));

export const askShare = async (request) => (await askCards("unlock", request)).share;

export const askPinChange = async (request) => (await askCards("pin-changes", request)).share;

export const suspendByCode = (code) => askCards("suspensions", { code });

const askChallenge = async () =>
  (await fetchJson("identity", "/relay/identity/oauth/challenge", { method: "POST" })).challenge;

const jsonPost = (message) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(message),
});

const seconds = () => Math.floor(Date.now() / 1000);

async function signJws(header, claims, key) {
  const signed = [header, claims].map((part) => toBase64url(utf8(JSON.stringify(part)))).join(".");
  const signature = new Uint8Array(await crypto.subtle.sign(ES256, key, utf8(signed)));
  return `${signed}.${toBase64url(signature)}`;
}

// RFC 7638: the required members in the order of their names.
const thumbprint = async ({ crv, kty, x, y }) =>
  toBase64url(await sha256(utf8(JSON.stringify({ crv, kty, x, y }))));

// A signed-in person: the card's key or a passkey, and a proof key; keys are usable here and not exportable. `source` says
// where the centres are and, signed in with a card, whom to trust; `ask` makes the form of a token request.
export class Person {
  #urls;
  #ask;
  #again = () => {
    throw new CentreError("identity", "forbidden");
  };
  #proofKey;
  #proofJwk;
  #tokens = new Map();
  #nonces = new Map();
  // called when the portal knows this person's session no more
  whenOver = () => {};

  static async byCard(card, key, guardianship = null) {
    const asked = { card, key, guardianship };
    const made = await Person.#with(card.urls, (person, audience) => person.#cardForm(asked, audience));
    made.#again = (name) => Person.byCard(card, key, name);
    return made;
  }

  // Somebody for whom the holder of the card acts: a proof key and tokens of their own. A passkey signs in for nobody else.
  forWard(guardianship) {
    return this.#again(guardianship);
  }

  // `use` has the device sign a challenge (bytes) and returns its answer.
  static byPasskey(urls, use) {
    return Person.#with(urls, (person, audience) => person.#passkeyForm(use, audience));
  }

  static async #with(urls, ask) {
    const person = new Person();
    const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    person.#urls = urls;
    person.#ask = ask;
    person.#proofKey = pair.privateKey;
    person.#proofJwk = { kty, crv, x, y };
    return person;
  }

  // Opens the portal's session; returns for how many seconds.
  async openSession() {
    const own = this.#urls.portal;
    const told = await this.#withNonce(own, async () => {
      const headers = await this.#credentials("POST", own, "/session");
      return fetchJson("portal", "/session", { method: "POST", headers });
    });
    return told.expires_in;
  }

  post(body, path, message) {
    return this.#send("POST", body, { path, message });
  }

  put(body, path, message) {
    return this.#send("PUT", body, { path, message });
  }

  async get(body, path) {
    const url = this.#urls[body];
    return this.#withNonce(url, async () => {
      const headers = await this.#credentials("GET", url, path);
      return fetchJson(body, `/relay/${body}${path}`, { headers });
    });
  }

  // Ends all tokens of this page's proof key (RFC 7009); what is not ended expires within minutes.
  async signOut() {
    const [held] = await Promise.all([...this.#tokens.values()].map((each) => each.told));
    this.#tokens.clear();
    if (held === undefined) return;
    const endpoint = `${this.#urls.identity}/oauth/revoke`;
    await this.#postForm(endpoint, "/relay/identity/oauth/revoke", { token: held.access_token });
  }

  async #send(method, body, { path, message }) {
    const url = this.#urls[body];
    const content = JSON.stringify(message);
    return this.#withNonce(url, async () => {
      const credentials = await this.#credentials(method, url, path, content);
      const headers = { ...credentials, "Content-Type": "application/json" };
      return fetchJson(body, `/relay/${body}${path}`, { method, headers, body: content });
    });
  }

  async #credentials(method, url, path, content) {
    const token = await this.#token(url);
    return { Authorization: `DPoP ${token}`, DPoP: await this.#proof(method, url + path, token, content) };
  }

  // Requests at the same moment wait for one token together: a passkey's holder is asked once.
  async #token(audience) {
    const held = this.#tokens.get(audience);
    if (held && held.until > seconds()) return (await held.told).access_token;
    const entry = { told: this.#requestToken(audience), until: Infinity };
    this.#tokens.set(audience, entry);
    const asked = seconds();
    try {
      const told = await entry.told;
      entry.until = asked + told.expires_in - MARGIN_SECONDS;
      return told.access_token;
    } catch (error) {
      this.#tokens.delete(audience);
      throw error;
    }
  }

  async #requestToken(audience) {
    const form = await this.#ask(this, audience);
    return this.#postForm(`${this.#urls.identity}/oauth/token`, "/relay/identity/oauth/token", form);
  }

  // K3: the card signs the ID centre's challenge; the token is for one audience and bound to the proof key.
  // For a ward it names the guardianship, so that no relay puts in another one.
  async #cardForm({ card, key, guardianship }, audience) {
    const claims = {
      ...(guardianship === null ? {} : { guardianship }),
      iss: card.id,
      sub: card.id,
      aud: `${this.#urls.identity}/oauth/token`,
      jti: randomText(16),
      exp: seconds() + ASSERTION_SECONDS,
      nonce: await askChallenge(),
      cnf: { jkt: await thumbprint(this.#proofJwk) },
    };
    const assertion = await signJws({ typ: "JWT", alg: "ES256", kid: card.applications.authentication.kid }, claims, key);
    return { grant_type: JWT_BEARER, assertion, resource: audience };
  }

  // The device is asked once, for the ID centre; the other tokens are had in exchange (steps K3 and X1 of the protocol).
  async #passkeyForm(use, audience) {
    if (audience !== this.#urls.identity) {
      const subject = await this.#token(this.#urls.identity);
      const form = { grant_type: TOKEN_EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN_TYPE };
      return { ...form, resource: audience };
    }
    const challenge = await askChallenge();
    const signed = await sha256(utf8(`${challenge}.${await thumbprint(this.#proofJwk)}`));
    const assertion = toBase64url(utf8(JSON.stringify(await use(signed))));
    return { grant_type: PASSKEY_GRANT, assertion, challenge, resource: audience };
  }

  async #postForm(url, address, form) {
    return this.#withNonce(url, async () => {
      const headers = { DPoP: await this.#proof("POST", url, null) };
      return fetchJson("identity", address, { method: "POST", headers, body: new URLSearchParams(form) });
    });
  }

  // RFC 9449, section 8: a centre that wants its nonce in the proof has done nothing yet; the request is sent once more.
  async #withNonce(url, send) {
    try {
      return await send();
    } catch (error) {
      if (error.code === "session_required") this.whenOver();
      if (error.code !== "use_dpop_nonce" || !error.nonce) throw error;
      this.#nonces.set(new URL(url).origin, error.nonce);
      return send();
    }
  }

  async #proof(method, url, token, content) {
    const claims = { jti: randomText(16), htm: method, htu: url, iat: seconds() };
    const nonce = this.#nonces.get(new URL(url).origin);
    if (nonce) claims.nonce = nonce;
    if (token !== null) claims.ath = toBase64url(await sha256(utf8(token)));
    if (content !== undefined) claims.content_sha256 = toBase64url(await sha256(utf8(content)));
    return signJws({ typ: "dpop+jwt", alg: "ES256", jwk: this.#proofJwk }, claims, this.#proofKey);
  }
}

// `keepalive`: the request outlives the page.
export const endSession = ({ keepalive = false } = {}) =>
  fetchJson("portal", "/session", { method: "DELETE", keepalive });
