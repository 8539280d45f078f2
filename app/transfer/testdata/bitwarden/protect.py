#!/usr/bin/env python3
"""Makes protected-*.json out of organisation.json with the password in PASSWORD, as Bitwarden does it.

Needs cryptography 44 or later: the readers are tested against another implementation than their own.
"""
import base64, hashlib, hmac, json, pathlib, uuid
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PASSWORD = "corréct horse"
HERE = pathlib.Path(__file__).parent
b64 = lambda b: base64.b64encode(b).decode()


def enc_string(master, text, iv):
    key, mac = (HKDFExpand(hashes.SHA256(), 32, info).derive(master) for info in (b"enc", b"mac"))
    padder = padding.PKCS7(128).padder()
    sealer = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    data = sealer.update(padder.update(text) + padder.finalize()) + sealer.finalize()
    return "2.%s|%s|%s" % (b64(iv), b64(data), b64(hmac.digest(mac, iv + data, "sha256")))


def protect(name, master, kdf):
    plain = (HERE / "organisation.json").read_bytes()
    (HERE / name).write_text(json.dumps({
        "encrypted": True, "passwordProtected": True, "salt": SALT, **kdf,
        "encKeyValidation_DO_NOT_EDIT": enc_string(master, str(uuid.UUID(int=7)).encode(), bytes(range(16))),
        "data": enc_string(master, plain, bytes(range(16, 32))),
    }, indent=2) + "\n")


SALT = b64(bytes(range(100, 116)))  # its text is the salt, not what it stands for
protect("protected-pbkdf2.json", hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT.encode(), 5000),
        {"kdfType": 0, "kdfIterations": 5000})
protect("protected-argon2id.json",
        Argon2id(salt=hashlib.sha256(SALT.encode()).digest(), length=32, iterations=2, lanes=1, memory_cost=16 << 10).derive(PASSWORD.encode()),
        {"kdfType": 1, "kdfIterations": 2, "kdfMemory": 16, "kdfParallelism": 1})
