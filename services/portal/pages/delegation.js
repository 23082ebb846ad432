// The wallet's delegating keys, one for each compartment: what records are sealed to, and what key fragments are made from.
// Umbral is its authors' own WebAssembly build, fetched when it is first needed; every key made with it is freed at the end.

import { utf8 } from "./bytes.js";
import { derive } from "./wallet.js";

const DELEGATING = "sekisho-wallet-delegating/1";
const FRAGMENT_SIGNER = utf8("sekisho-fragment-signer/1");
const MODULE = "/umbral.wasm";
const THRESHOLD = 2;
// the bodies that hold key fragments, in the order in which they are dealt
export const PROXIES = ["medical", "oversight", "identity"];

export class DelegationError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

let library = null;

async function load() {
  library ??= import("./umbral.js").then(async (umbral) => {
    await umbral.initialize(MODULE);
    return umbral;
  });
  try {
    return await library;
  } catch {
    library = null;
    throw new DelegationError("no_umbral");
  }
}

export class Delegation {
  #umbral;
  #factory;
  #keys = new Map();

  static async of(seed) {
    const made = new Delegation();
    made.#umbral = await load();
    made.#factory = made.#umbral.SecretKeyFactory.fromSecureRandomness(await derive(seed, DELEGATING));
    return made;
  }

  // 33 bytes: what writers seal a compartment's records to.
  publicKey(label) {
    return using(this.#key(label).publicKey(), (key) => key.toCompressedBytes());
  }

  // Opens a bundle's content key. Throws where it is for another key.
  open(kit, label) {
    return using(this.#umbral.MessageKit.fromBytes(kit), (read) => read.decrypt(this.#key(label)));
  }

  // Encrypts a bundle's content key to a compartment; returns the message kit.
  seal(secret, label) {
    return using(this.#key(label).publicKey(), (key) =>
      using(new this.#umbral.MessageKit(key, secret, null), (kit) => kit.toBytes()),
    );
  }

  // P2: fragments of each compartment's key for one reader, two of three of which open; by label, then by body. The key
  // that signs them is made here and forgotten. Both keys are signed into each fragment.
  deal(labels, receivingKey) {
    const { PublicKey, SecretKeyFactory, Signer, generateKFrags } = this.#umbral;
    return using(SecretKeyFactory.fromSecureRandomness(crypto.getRandomValues(new Uint8Array(32))), (factory) =>
      using(new Signer(factory.makeKey(FRAGMENT_SIGNER)), (signer) =>
        using(PublicKey.fromCompressedBytes(receivingKey), (receiver) => ({
          verifyingKey: using(signer.verifyingKey(), (key) => key.toCompressedBytes()),
          fragments: new Map(
            labels.map((label) => {
              const made = generateKFrags(this.#key(label), receiver, signer, THRESHOLD, PROXIES.length, true, true);
              const bytes = made.map((each) => using(each, (fragment) => fragment.toBytes()));
              return [label, Object.fromEntries(PROXIES.map((body, place) => [body, bytes[place]]))];
            }),
          ),
        })),
      ),
    );
  }

  // Overwrites every key that was made.
  free() {
    for (const key of this.#keys.values()) key.free();
    this.#keys.clear();
    this.#factory.free();
  }

  #key(label) {
    if (!this.#keys.has(label)) this.#keys.set(label, this.#factory.makeKey(utf8(label)));
    return this.#keys.get(label);
  }
}

function using(made, use) {
  try {
    return use(made);
  } finally {
    made.free();
  }
}
