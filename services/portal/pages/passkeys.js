// Passkeys: another device of the person, made and used by the browser. It signs in; the wallet's keys it does not hold.

import { fromBase64url, toBase64url } from "./bytes.js";

// The person or the device said no, took too long, or there is no passkey for this page.
export class PasskeyError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export const canUsePasskeys = () => typeof globalThis.PublicKeyCredential === "function";

// `options` are the ID centre's (PublicKeyCredentialCreationOptionsJSON); returns RegistrationResponseJSON.
export async function makePasskey(options) {
  const publicKey = {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((each) => ({ ...each, id: fromBase64url(each.id) })),
  };
  const made = await asked(() => navigator.credentials.create({ publicKey }), "passkey_not_made");
  return answer(made, ["clientDataJSON", "attestationObject"]);
}

// Has a device of the person sign `challenge` (bytes) for this page; returns AuthenticationResponseJSON.
export async function usePasskey(challenge) {
  const publicKey = { challenge, rpId: location.hostname, userVerification: "required" };
  const used = await asked(() => navigator.credentials.get({ publicKey }), "passkey_not_used");
  return answer(used, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

async function asked(ask, code) {
  try {
    const credential = await ask();
    if (credential) return credential;
  } catch (error) {
    throw new PasskeyError(error.name === "InvalidStateError" ? "passkey_known" : code);
  }
  throw new PasskeyError(code);
}

function answer(credential, parts) {
  const spelled = parts.map((part) => [part, credential.response[part]]).filter(([, bytes]) => bytes);
  const response = Object.fromEntries(spelled.map(([part, bytes]) => [part, toBase64url(new Uint8Array(bytes))]));
  const id = toBase64url(new Uint8Array(credential.rawId));
  return { id, rawId: id, type: credential.type, response, clientExtensionResults: {} };
}
