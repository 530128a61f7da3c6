// verify.mjs KEY.pem FILE...: verifies DSSE envelopes with Sigstore's verifier, as bundles that name a key of ours and no log. One line a file: `ok FILE` or `bad FILE: reason`.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [keyFile, ...files] = process.argv.slice(2);
const publicKey = createPublicKey(readFileSync(keyFile));
const root = { certificateAuthorities: [], ctlogs: [], timestampAuthorities: [], tlogs: [], mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' };
const trust = toTrustMaterial(root, () => ({ publicKey, validFor: () => true }));
const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });

for (const file of files) {
  try {
    const bundle = bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'key' } },
      dsseEnvelope: JSON.parse(readFileSync(file, 'utf8')),
    });
    verifier.verify(toSignedEntity(bundle));
    console.log(`ok ${file}`);
  } catch (error) {
    console.log(`bad ${file}: ${error.message.split('\n')[0]}`);
  }
}
