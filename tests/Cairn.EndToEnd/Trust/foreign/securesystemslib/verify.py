"""verify.py KEY.pem FILE...: verifies DSSE envelopes with securesystemslib. One line a file: `ok FILE` or `bad FILE: reason`."""

import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

key_file, *files = sys.argv[1:]
key = SSlibKey.from_crypto(load_pem_public_key(pathlib.Path(key_file).read_bytes()))
for file in files:
    try:
        envelope = Envelope.from_dict(json.loads(pathlib.Path(file).read_bytes()))
        # securesystemslib finds a signature by the id that it gives the key itself; which key signed is for it to find, not for the envelope to say.
        signatures = {key.keyid: signature for signature in envelope.signatures.values()}
        for signature in signatures.values():
            signature.keyid = key.keyid
        envelope.signatures = signatures
        envelope.verify([key], 1)
        print(f"ok {file}")
    except Exception as error:  # whatever it says is its verdict
        print(f"bad {file}: {type(error).__name__} {error}".splitlines()[0])
