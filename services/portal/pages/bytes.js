// Bytes, their spellings and their digests. Every decoder takes one spelling only.

export class BytesError extends Error {}

export const utf8 = (text) => new TextEncoder().encode(text);

export const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const equal = (one, other) =>
  one.length === other.length && one.every((value, place) => value === other[place]);

export const hex = (bytes) => Array.from(bytes, (value) => value.toString(16).padStart(2, "0")).join("");

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// Standard base64 with padding, as signed notes and evidence files carry it.
export function toBase64(bytes) {
  let binary = "";
  for (const value of bytes) binary += String.fromCharCode(value);
  return btoa(binary);
}

export function fromBase64(encoded) {
  let binary;
  try {
    binary = atob(encoded);
  } catch {
    throw new BytesError("not base64");
  }
  const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
  if (toBase64(bytes) !== encoded) throw new BytesError("not canonical base64");
  return bytes;
}

// Base64url without padding (RFC 7515, section 2).
export const toBase64url = (bytes) =>
  toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export function fromBase64url(encoded) {
  if (typeof encoded !== "string" || !/^[A-Za-z0-9_-]*$/.test(encoded)) throw new BytesError("not base64url");
  const padding = "=".repeat((4 - (encoded.length % 4)) % 4);
  return fromBase64(encoded.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

export const randomText = (size) => toBase64url(crypto.getRandomValues(new Uint8Array(size)));

// The one canonical form of the JSON that logs commit to (RFC 8785). Numbers and text are written as ECMAScript writes
// them, which is what that RFC prescribes; names are ordered by UTF-16 units, as `sort` does.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) throw new BytesError("half a character");
  if (typeof value === "number" && !Number.isFinite(value)) throw new BytesError("not a JSON number");
  return JSON.stringify(value);
}
