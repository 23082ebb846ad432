// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature): reading and verifying them.
// A step that fails throws a ProofError whose `part` names what is false.

import { concat, fromBase64, hex, sha256, utf8 } from "./bytes.js";

const LOG = 1;
const COSIGNATURE = 4;
const DASH = "\u2014 ";
const MOST_SIGNATURES = 32;
const MOST_CHARACTERS = 64_000;
const LATEST_TIME = 253_402_300_799n;
const LARGEST = 2n ** 63n - 1n;
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const KEY_NAME = /^[^\s+\u0000-\u001f]+$/u;

export class ProofError extends Error {
  constructor(part) {
    super(part);
    this.part = part;
  }
}

// Whether this browser can verify Ed25519; older ones cannot.
export async function canVerify() {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32), "Ed25519", false, ["verify"]);
    return true;
  } catch (error) {
    return error.name !== "NotSupportedError";
  }
}

export async function verifyEd25519(publicKey, signature, message) {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    return false;
  }
}

// The keys that a card trusts. Two names for one key, or too few witnesses, make the whole file worthless.
export async function parseTrust(file) {
  const logs = new Map();
  for (const [name, vkey] of Object.entries(file.logs)) logs.set(name, await verifier(name, vkey, LOG));
  const witnesses = [];
  for (const [name, vkey] of Object.entries(file.witnesses)) witnesses.push(await verifier(name, vkey, COSIGNATURE));
  const keys = [...logs.values(), ...witnesses].map((each) => hex(each.publicKey));
  const quorum = file.quorum;
  if (new Set(keys).size < keys.length || !Number.isInteger(quorum) || quorum < 1 || quorum > witnesses.length) {
    throw new ProofError("log");
  }
  return { logs, witnesses, quorum };
}

async function verifier(name, vkey, kind) {
  const [named, keyId, ...rest] = vkey.split("+");
  const raw = fromBase64(rest.join("+"));
  const publicKey = raw.slice(1);
  const expected = (await sha256(concat(utf8(`${named}\n`), raw))).slice(0, 4);
  if (named !== name || !KEY_NAME.test(name) || raw[0] !== kind || publicKey.length !== 32 || hex(expected) !== keyId) {
    throw new ProofError("log");
  }
  return { name, keyId, publicKey };
}

// Returns the checkpoint that its log and a quorum of witnesses signed. `signed` is false where this browser could not
// check the signatures; that they are there, by the right keys' names, is checked all the same. Without a card file there
// is nobody to trust (`trust` is null): then the note says what it says. `at` is since when the quorum stands behind it.
export async function verifyCheckpoint(raw, trust, { verifies }) {
  const note = parseNote(raw);
  const checkpoint = parseCheckpoint(note.text);
  if (trust === null) return { ...checkpoint, signed: false, at: null, witnesses: [] };
  await requireLog(note, trust.logs.get(checkpoint.origin), { verifies });
  const standing = [];
  for (const witness of trust.witnesses) {
    const times = [];
    for (const payload of signaturesOf(note, witness)) times.push(await cosignedAt(verifies, witness, payload, note.text));
    if (times.length > 0) standing.push([Math.max(...times), witness.name]);
  }
  if (standing.length < trust.quorum) throw new ProofError("checkpoint");
  const newest = standing.sort(([one], [other]) => other - one).slice(0, trust.quorum);
  return { ...checkpoint, signed: verifies, at: newest.at(-1)[0] * 1000, witnesses: newest.map(([, name]) => name) };
}

// Returns a head that its log signed, whoever co-signed it.
export async function verifyHead(raw, log) {
  const note = parseNote(raw);
  const checkpoint = parseCheckpoint(note.text);
  if (log?.name !== checkpoint.origin) throw new ProofError("log");
  await requireLog(note, log, { verifies: true });
  return checkpoint;
}

// What a note says, with nobody's signature checked.
export const checkpointIn = (raw) => parseCheckpoint(parseNote(raw).text);

async function requireLog(note, log, { verifies }) {
  if (!log) throw new ProofError("log");
  const own = signaturesOf(note, log);
  if (own.length === 0) throw new ProofError("checkpoint");
  for (const payload of own) await require(verifies, log, payload, utf8(note.text));
}

const signaturesOf = (note, key) =>
  note.signatures.filter((each) => each.name === key.name && each.keyId === key.keyId).map((each) => each.payload);

async function cosignedAt(verifies, witness, payload, text) {
  const seconds = payload.slice(0, 8).reduce((sum, value) => sum * 256n + BigInt(value), 0n);
  if (payload.length !== 72 || seconds <= 0n || seconds > LATEST_TIME) throw new ProofError("checkpoint");
  await require(verifies, witness, payload.slice(8), utf8(`cosignature/v1\ntime ${seconds}\n${text}`));
  return Number(seconds);
}

async function require(verifies, key, signature, message) {
  const good = !verifies || (await verifyEd25519(key.publicKey, signature, message));
  if (signature.length !== 64 || !good) throw new ProofError("checkpoint");
}

function parseNote(raw) {
  const blank = raw.lastIndexOf("\n\n");
  const lines = raw.slice(blank + 2).split("\n");
  const well =
    [...raw].length <= MOST_CHARACTERS &&
    !/[\u0000-\u0009\u000b-\u001f]/.test(raw) &&
    blank >= 0 &&
    lines.pop() === "" &&
    lines.length >= 1 &&
    lines.length <= MOST_SIGNATURES;
  if (!well) throw new ProofError("checkpoint");
  return { text: raw.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const space = line.indexOf(" ", DASH.length);
  const name = line.slice(DASH.length, space);
  if (!line.startsWith(DASH) || space < 0 || !KEY_NAME.test(name)) throw new ProofError("checkpoint");
  const payload = decode(line.slice(space + 1));
  if (payload.length <= 4) throw new ProofError("checkpoint");
  return { name, keyId: hex(payload.slice(0, 4)), payload: payload.slice(4) };
}

function parseCheckpoint(body) {
  const [origin, size, root, end, ...rest] = body.split("\n");
  const well = end === "" && rest.length === 0 && KEY_NAME.test(origin) && /^(0|[1-9][0-9]{0,18})$/.test(size);
  if (!well || BigInt(size) > LARGEST) throw new ProofError("checkpoint");
  const bytes = decode(root);
  if (bytes.length !== 32 || (size === "0" && hex(bytes) !== EMPTY_ROOT)) throw new ProofError("checkpoint");
  return { origin, size: BigInt(size), root: bytes };
}

function decode(encoded) {
  try {
    return fromBase64(encoded);
  } catch {
    throw new ProofError("checkpoint");
  }
}
