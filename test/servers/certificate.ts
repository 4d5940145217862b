/**
 * A certificate for 127.0.0.1, made by the tests that ask for it: SDKs send their tokens over TLS only, and a private
 * key has no place in a repository.
 */
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

let certificate: Certificate | undefined;

/** The same for all servers of this process, which trusts it from now on, beside the public ones. For `localhost`. */
export function trustedCertificate(): Certificate {
  if (certificate === undefined) {
    certificate = selfSigned();
    setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
  }
  return certificate;
}

/** X.509 v3 in DER (RFC 5280 §4.1), as short as clients accept. */
export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const name = sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from("gnomon test")))));
  const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const alternativeNames = sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])));
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])));
  const content = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(utcTime("200101000000Z"), utcTime("491231235959Z")),
    name,
    publicKey,
    der(
      0xa3,
      sequence(
        sequence(oid(0x55, 0x1d, 0x11), der(0x04, alternativeNames)),
        sequence(oid(0x55, 0x1d, 0x13), der(0x04, isAuthority)),
      ),
    ),
  );
  const signature = sign("sha256", content, createPrivateKey(privateKey));
  const signed = sequence(content, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const base64 = signed.toString("base64").replace(/.{64}/g, "$&\n");
  return { key: privateKey, cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n` };
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const utcTime = (time: string): Buffer => der(0x17, Buffer.from(time));
