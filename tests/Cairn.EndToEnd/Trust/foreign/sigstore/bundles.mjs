// bundles.mjs KEY.pem ROOT.json FILE...: verifies Sigstore bundles with Sigstore's verifier, its own thresholds and a trusted root. One line a file: `ok FILE` or `bad FILE: reason`.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [keyFile, rootFile, ...files] = process.argv.slice(2);
const publicKey = createPublicKey(readFileSync(keyFile));
const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(rootFile, 'utf8')));
const verifier = new Verifier(toTrustMaterial(root, () => ({ publicKey, validFor: () => true })));

for (const file of files) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(readFileSync(file, 'utf8')))));
    console.log(`ok ${file}`);
  } catch (error) {
    console.log(`bad ${file}: ${error.message.split('\n')[0]}`);
  }
}
