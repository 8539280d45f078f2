#!/usr/bin/env python3
"""Seals ente.txt as Ente Auth does, with libsodium: python3 ente.py > ente-encrypted.json. The password is "corréct horse"."""

import base64
import ctypes
import ctypes.util
import json
import pathlib

PASSWORD = "corréct horse".encode()
MEMORY, PASSES = 1 << 20, 1  # Ente takes more
SALT, ARGON2ID, FINAL, OVERHEAD = b"sixteen bytes...", 2, 3, 17

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
sodium.sodium_init()


def checked(result: int) -> None:
    if result != 0:
        raise SystemExit("libsodium failed")


plain = pathlib.Path(__file__).with_name("ente.txt").read_bytes()
key = ctypes.create_string_buffer(32)
checked(sodium.crypto_pwhash(key, ctypes.c_ulonglong(32), PASSWORD, ctypes.c_ulonglong(len(PASSWORD)), SALT,
                             ctypes.c_ulonglong(PASSES), ctypes.c_size_t(MEMORY), ARGON2ID))
state, header = ctypes.create_string_buffer(64), ctypes.create_string_buffer(24)
checked(sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key))
sealed = ctypes.create_string_buffer(len(plain) + OVERHEAD)
checked(sodium.crypto_secretstream_xchacha20poly1305_push(state, sealed, None, plain, ctypes.c_ulonglong(len(plain)), None,
                                                          ctypes.c_ulonglong(0), ctypes.c_ubyte(FINAL)))


def text(b: bytes) -> str:
    return base64.b64encode(b).decode()


print(json.dumps({
    "version": 1,
    "kdfParams": {"memLimit": MEMORY, "opsLimit": PASSES, "salt": text(SALT)},
    "encryptedData": text(sealed.raw),
    "encryptionNonce": text(header.raw),
}))
