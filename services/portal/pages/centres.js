// Talking to the centres through the portal's relay. Every token is bound to a key that never leaves this page and that
// the card has named, and every proof names the centre's own address: the portal can neither sign in nor ask by itself.

import { randomText, sha256, toBase64url, utf8 } from "./bytes.js";

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
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

export const askShare = async (request) =>
  (await fetchJson("identity", "/relay/identity/cards/unlock", jsonPost(request))).share;

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

// A signed-in person: the card's key and a proof key, both usable here and not exportable.
export class Person {
  #card;
  #key;
  #proofKey;
  #proofJwk;
  #tokens = new Map();
  #nonces = new Map();

  static async signIn(card, key) {
    const person = new Person();
    const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    person.#card = card;
    person.#key = key;
    person.#proofKey = pair.privateKey;
    person.#proofJwk = { kty, crv, x, y };
    return person;
  }

  // Opens the portal's session; returns for how many seconds.
  async openSession() {
    const own = this.#card.urls.portal;
    const told = await this.#withNonce(own, async () => {
      const headers = await this.#credentials("POST", own, "/session");
      return fetchJson("portal", "/session", { method: "POST", headers });
    });
    return told.expires_in;
  }

  async get(body, path) {
    const url = this.#card.urls[body];
    return this.#withNonce(url, async () => {
      const headers = await this.#credentials("GET", url, path);
      return fetchJson(body, `/relay/${body}${path}`, { headers });
    });
  }

  // Ends all tokens of this page's proof key (RFC 7009); what is not ended expires within minutes.
  async signOut() {
    const held = [...this.#tokens.values()];
    this.#tokens.clear();
    if (held.length === 0) return;
    const endpoint = `${this.#card.urls.identity}/oauth/revoke`;
    await this.#postForm(endpoint, "/relay/identity/oauth/revoke", { token: held[0].token });
  }

  async #credentials(method, url, path) {
    const token = await this.#token(url);
    return { Authorization: `DPoP ${token}`, DPoP: await this.#proof(method, url + path, token) };
  }

  async #token(audience) {
    const held = this.#tokens.get(audience);
    if (held && held.until > seconds()) return held.token;
    const asked = seconds();
    const told = await this.#requestToken(audience);
    this.#tokens.set(audience, { token: told.access_token, until: asked + told.expires_in - MARGIN_SECONDS });
    return told.access_token;
  }

  // K3: the card signs the ID centre's challenge; the token is for one audience and bound to the proof key.
  async #requestToken(audience) {
    const endpoint = `${this.#card.urls.identity}/oauth/token`;
    const { challenge } = await fetchJson("identity", "/relay/identity/oauth/challenge", { method: "POST" });
    const claims = {
      iss: this.#card.id,
      sub: this.#card.id,
      aud: endpoint,
      jti: randomText(16),
      exp: seconds() + ASSERTION_SECONDS,
      nonce: challenge,
      cnf: { jkt: await thumbprint(this.#proofJwk) },
    };
    const assertion = await signJws({ typ: "JWT", alg: "ES256", kid: this.#card.kid }, claims, this.#key);
    const form = { grant_type: JWT_BEARER, assertion, resource: audience };
    return this.#postForm(endpoint, "/relay/identity/oauth/token", form);
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
      if (error.code !== "use_dpop_nonce" || !error.nonce) throw error;
      this.#nonces.set(new URL(url).origin, error.nonce);
      return send();
    }
  }

  async #proof(method, url, token) {
    const claims = { jti: randomText(16), htm: method, htu: url, iat: seconds() };
    const nonce = this.#nonces.get(new URL(url).origin);
    if (nonce) claims.nonce = nonce;
    if (token !== null) claims.ath = toBase64url(await sha256(utf8(token)));
    return signJws({ typ: "dpop+jwt", alg: "ES256", jwk: this.#proofJwk }, claims, this.#proofKey);
  }
}

// `keepalive`: the request outlives the page.
export const endSession = ({ keepalive = false } = {}) =>
  fetchJson("portal", "/session", { method: "DELETE", keepalive });
