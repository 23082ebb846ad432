// What a person lays down about records, in a copy for each of the three bodies: laid down (P2 to P7 of the protocol),
// taken back (W1 to W4). The copies have nothing in common but terms and time; the seed is gone after `close`.

import { fromBase64url, randomText, toBase64url, utf8 } from "./bytes.js";
import { CentreError } from "./centres.js";
import { Delegation, DelegationError, PROXIES } from "./delegation.js";
import { seal } from "./hpke.js";
import { DIRECTIVE, sign, SignedTextError, thumbprint, verify, WITHDRAWAL } from "./jws.js";
import { listed, standsEverywhere } from "./laid_down.js";
import { lineage } from "./succession.js";
import { instant, openWallet, verified, verifyReceipt } from "./wallet.js";

const WALLET_PROOF = "sekisho-wallet+jws";
const PUBLISHED = "sekisho-compartment-keys+jws";
const READER_NOTICE = "sekisho-reader-notice+jws";
const POINTED = ["oversight", "identity"];
const HANDLE_BYTES = 64;
const ID_BYTES = 16;

// Opens the wallet for one thing to be done; `register` is the verified register. `guardian` signs terms for a body where
// somebody acts for the wallet's person (`signsAsGuardian`).
export async function openHand(person, register, seed, guardian = null) {
  const bodies = await Promise.all(PROXIES.map(async (body) => [body, await openWallet(seed, body)]));
  return new Hand(person, register, { wallets: Object.fromEntries(bodies), seed, guardian });
}

class Hand {
  #person;
  #register;
  #wallets;
  #seed;
  #guardian;
  #delegation = null;
  #names = new Map();

  constructor(person, register, { wallets, seed, guardian }) {
    this.#person = person;
    this.#register = register;
    this.#wallets = wallets;
    this.#seed = seed;
    this.#guardian = guardian;
  }

  close() {
    this.#seed.fill(0);
    this.#delegation?.free();
    this.#wallets = {};
    this.#guardian = null;
  }

  // P2 to P7: the medical centre last, so that it is in force only when all have it. What some took is taken back when one
  // refuses. `guardians` are what a guardian had signed over these terms, by body.
  async layDown(terms, guardians = {}) {
    const copies = await this.#sign(terms, guardians);
    const taken = [];
    for (const body of [...POINTED, "medical"]) {
      const { id, message } = copies[body];
      try {
        await this.#person.post(body, "/directives", message);
      } catch (error) {
        await Promise.allSettled(taken.map((each) => this.#takeBack(each)));
        throw error;
      }
      taken.push({ body, id, jws: message.directive });
    }
    return taken.length;
  }

  // W1 to W4, one step for each body, the medical centre's first; a body that fails stops no other one. `leaving` are names
  // of directives that are taken back next: they are not renewed.
  async *withdraw(directive, silent = [], leaving = []) {
    const began = performance.now();
    const missing = [];
    for (const body of ["medical", "identity", "oversight"]) {
      const own = directive.copies.filter((each) => each.body === body);
      if (own.length === 0 && !silent.includes(body)) continue;
      try {
        if (own.length === 0) throw new CentreError(body, "unavailable");
        const receipts = [];
        for (const copy of own) receipts.push(await this.#takeBack(copy));
        yield { step: "deleted", body, receipts, seconds: secondsSince(began) };
      } catch (error) {
        missing.push(body);
        yield { step: "not_deleted", body, error };
      }
    }
    if (directive.terms.effect === "permit" && missing.length === 0) {
      try {
        await this.#roll(directive.terms.scope, leaving);
        yield { step: "sealed" };
      } catch (error) {
        yield { step: "not_sealed", error };
      }
    }
    yield { step: missing.length ? "over_missing" : "over", missing, seconds: secondsSince(began) };
  }

  // The public key of this wallet, or of one before it, that signed a text at a body.
  async signerOf(body, jws, typ) {
    return (await verified(body, this.#verifiedText(body, jws, typ))).jwk;
  }

  checkReceipt(receipt, { body, directive }) {
    return verifyReceipt(receipt, { body, directive, key: this.#register.signingKeys.get(body) });
  }

  async #sign(terms, guardians) {
    const issued_at = instant();
    const permits = terms.effect === "permit";
    const labels = permits ? await this.#published(terms.scope) : [];
    const { verifying, dealt } = permits ? await this.#deal(labels, terms.recipient) : { dealt: {} };
    const ids = Object.fromEntries(PROXIES.map((body) => [body, randomText(ID_BYTES)]));
    const copies = {};
    for (const body of PROXIES) {
      const person = await this.#name(body);
      const signed = this.#guardian === null ? guardians[body] : await this.#guardian(body, person, terms);
      const payload = { ...(signed === undefined ? {} : { guardian: signed }), id: ids[body], body, person, terms, issued_at };
      const medical = body === "medical";
      copies[body] = {
        id: ids[body],
        message: {
          directive: await sign(this.#wallets[body], DIRECTIVE, payload),
          fragments: dealt[body] ?? [],
          handles: medical ? await this.#handles(ids) : {},
          reader_notice: medical && permits ? await this.#notice(terms, verifying) : null,
        },
      };
    }
    return copies;
  }

  async #deal(labels, recipient) {
    const receivingKey = this.#register.receivingKeys.get(recipient);
    if (receivingKey === undefined) throw new CentreError("oversight", "recipient_not_accredited");
    if (labels.length === 0) throw new CentreError("medical", "no_compartments");
    const delegation = await this.#delegating();
    const { verifyingKey, fragments } = delegation.deal(labels, fromBase64url(receivingKey));
    const verifying = toBase64url(verifyingKey);
    const message = (compartment, kfrag) => ({
      compartment,
      kfrag: toBase64url(kfrag),
      delegating_key: toBase64url(delegation.publicKey(compartment)),
      verifying_key: verifying,
      receiving_key: receivingKey,
    });
    const dealt = PROXIES.map((body) => [body, labels.map((label) => message(label, fragments.get(label)[body]))]);
    return { verifying, dealt: Object.fromEntries(dealt) };
  }

  async #delegating() {
    try {
      this.#delegation ??= await Delegation.of(this.#seed);
    } catch (error) {
      throw error instanceof DelegationError ? new CentreError("portal", error.code) : error;
    }
    return this.#delegation;
  }

  // How a body names the person; the wallet's key is registered there the first time.
  async #name(body) {
    if (!this.#names.has(body)) {
      const wallet = this.#wallets[body];
      const proof = await sign(wallet, WALLET_PROOF, { body, at: Math.floor(Date.now() / 1000) });
      const told = await this.#person.put(body, "/wallet", { signing_key: wallet.jwk, proof });
      this.#names.set(body, told.pseudonym);
    }
    return this.#names.get(body);
  }

  async #handles(ids) {
    const sealed = await Promise.all(
      POINTED.map(async (body) => {
        const id = utf8(ids[body]);
        const padded = new Uint8Array(HANDLE_BYTES);
        padded[0] = id.length;
        padded.set(id, 1);
        const key = this.#register.sealingKeys.get(body);
        return [body, toBase64url(await seal(key, padded, utf8(`sekisho-handle/1 ${body}`)))];
      }),
    );
    return Object.fromEntries(sealed);
  }

  async #notice({ recipient, purposes, scope, valid_until }, verifying_key) {
    const own = this.#wallets.medical;
    return sign(own, READER_NOTICE, { subject: await thumbprint(own.jwk), recipient, purposes, scope, valid_until, verifying_key });
  }

  // Labels of the compartments in a scope that this very wallet has published.
  async #published(scope) {
    await this.#name("medical");
    const { publications } = await this.#person.get("medical", "/compartments");
    const told = await Promise.all(publications.map((each) => verified("medical", verify(each, PUBLISHED, this.#wallets.medical.jwk))));
    const labels = new Set(told.flatMap(({ keys }) => Object.keys(keys)));
    return [...labels].filter((label) => covers(scope, label)).sort();
  }

  async #takeBack({ body, id, jws }) {
    const wallet = this.#wallets[body];
    const { said: directive, jwk } = await this.#ownCopy({ body, id, jws });
    const order = { directive: id, body, person: directive.person, at: instant() };
    const withdrawal = await sign(wallet, WITHDRAWAL, order);
    const { receipt } = await this.#person.post(body, "/withdrawals", { withdrawal });
    const told = await this.checkReceipt(receipt, { body, directive: id });
    return { directive: jws, wallet: jwk, receipt, fragments: told.fragments_deleted };
  }

  // By the present wallet, or by one before it that handed over to it.
  async #verifiedText(body, jws, typ) {
    const { jwk } = this.#wallets[body];
    try {
      return { said: await verify(jws, typ, jwk), jwk };
    } catch (error) {
      if (!(error instanceof SignedTextError)) throw error;
    }
    const { renewals } = await this.#person.get(body, "/wallet/successor");
    for (const former of await lineage(jwk, renewals, body)) {
      const said = await verify(jws, typ, former.jwk).catch(() => null);
      if (said !== null) return { said, jwk: former.jwk };
    }
    throw new SignedTextError("by no wallet of this person");
  }

  // W4: the next version of every open compartment, and fragments for the permissions that go on.
  async #roll(scope, leaving) {
    const newest = new Map();
    for (const label of await this.#published(scope)) {
      const [category, year, version] = label.split("/");
      const place = `${category}/${year}`;
      newest.set(place, Math.max(newest.get(place) ?? 0, Number(version)));
    }
    if (newest.size === 0) return;
    const goingOn = await this.#goingOn([...newest.keys()], leaving);
    const own = this.#wallets.medical;
    const delegation = await this.#delegating();
    const labels = [...newest].map(([place, version]) => `${place}/${version + 1}`);
    const keys = Object.fromEntries(labels.map((label) => [label, toBase64url(delegation.publicKey(label))]));
    const publication = await sign(own, PUBLISHED, { subject: await thumbprint(own.jwk), keys, issued_at: instant() });
    await this.#person.put("medical", "/compartments", { publication });
    for (const each of goingOn) {
      await this.layDown(each.terms, Object.fromEntries(each.copies.map(({ body, guardian }) => [body, guardian])));
      for (const copy of each.copies) await this.#takeBack(copy);
    }
  }

  // The permissions that reach any of these places, each copy signed by the person's wallet: a body, or who passes on what
  // it says, could show one that nobody gave.
  async #goingOn(places, leaving) {
    const { directives, silent } = await listed(this.#person);
    if (silent.length) throw new CentreError(silent[0], "unavailable");
    const found = directives.filter(
      (each) =>
        each.terms.effect === "permit" &&
        standsEverywhere(each) &&
        !leaving.includes(each.name) &&
        places.some((place) => covers(each.terms.scope, place)),
    );
    for (const { copies } of found) for (const copy of copies) await this.#ownCopy(copy);
    return found;
  }

  async #ownCopy({ body, id, jws }) {
    const own = await verified(body, this.#verifiedText(body, jws, DIRECTIVE));
    if (own.said.body !== body || own.said.id !== id) throw new CentreError(body, "not_verified");
    return own;
  }
}

function covers({ categories, years }, label) {
  const [category, year] = label.split("/");
  return categories.includes(category) && years.first <= Number(year) && Number(year) <= years.last;
}

const secondsSince = (began) => (performance.now() - began) / 1000;
