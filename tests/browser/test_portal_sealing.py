"""Sealing in the page against the published vector: RFC 9180, A.1.1 (X25519, HKDF-SHA256, AES-128-GCM, base mode)."""

import pytest
from support.portal_browser import Visit

pytestmark = [pytest.mark.browser, pytest.mark.processes]

VECTOR = {
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "ephemeral": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
    "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "recipient": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
    "plain": "4265617574792069732074727574682c20747275746820626561757479",
    "aad": "436f756e742d30",
    "ct": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
}
SEAL = """async (vector) => {
  const { seal } = await import("/hpke.js");
  const { hex, toBase64url } = await import("/bytes.js");
  const raw = (told) => Uint8Array.from(told.match(/../g), (each) => parseInt(each, 16));
  const jwk = { kty: "OKP", crv: "X25519", x: toBase64url(raw(vector.enc)), d: toBase64url(raw(vector.ephemeral)) };
  const { d: _, ...open } = jwk;
  const pair = {
    privateKey: await crypto.subtle.importKey("jwk", jwk, "X25519", false, ["deriveBits"]),
    publicKey: await crypto.subtle.importKey("jwk", open, "X25519", true, []),
  };
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  // the vector has a key of its own and additional data, which the page never has
  crypto.subtle.generateKey = async () => pair;
  crypto.subtle.encrypt = (how, key, plain) => encrypt({ ...how, additionalData: raw(vector.aad) }, key, plain);
  return hex(await seal(raw(vector.recipient), raw(vector.plain), raw(vector.info)));
}"""


def test_sealed_text_is_the_published_one_to_the_last_bit(visit: Visit) -> None:
    assert visit.page.evaluate(SEAL, VECTOR) == VECTOR["enc"] + VECTOR["ct"]
    assert visit.page.evaluate(SEAL, VECTOR | {"info": "00"}) != VECTOR["enc"] + VECTOR["ct"]
