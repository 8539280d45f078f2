#!/usr/bin/env python3
"""Opens the vault in app/seal/testdata/vectors.json, beginning with a password.

Written from docs/sealed-format.md alone, as a second implementation of the reader. It needs the package cryptography.
"""

import base64
import hashlib
import hmac
import json
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

LABEL = b"vaultsphere/v2/"
RECORD, CHUNK, WRAP, IDENTITY, ENVELOPE, PREVIOUS, DEVICE = range(1, 8)
PASSWORD, PHRASE, PASSKEY, HANDOVER = 1, 2, 3, 128
COSTS = {1: (65536, 3, 4), 2: (131072, 3, 4), 3: (262144, 3, 4)}
MAX_NUMBER = 2**53 - 1
ZERO = bytes(32)


class Refused(Exception):
    """The object is not one that a correct writer makes, or it belongs elsewhere."""


def require(condition, why):
    if not condition:
        raise Refused(why)


# Encoding.


def u(size, n):
    return n.to_bytes(size, "big")


def field(b):
    return u(1, len(b)) + b


def object_hash(what, content):
    return hashlib.sha256(LABEL + b"hash/" + field(what) + content).digest()


def read_id(text):
    b = base64.urlsafe_b64decode(text + "==")
    require(len(b) == 16 and base64.urlsafe_b64encode(b).decode().rstrip("=") == text and any(b), "not an id")
    return b


class Reader:
    """Takes values off a plaintext of one type."""

    def __init__(self, plaintext, kind):
        self.all, self.at = plaintext, 0
        require(self.number(1) == 2, "format")
        require(self.number(1) == kind, "type")

    def take(self, n):
        require(self.at + n <= len(self.all), "truncated")
        self.at += n
        return self.all[self.at - n : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def generation(self):
        n = self.number(8)
        require(1 <= n <= MAX_NUMBER, "number")
        return n

    def present(self, n):
        b = self.take(n)
        require(any(b), "zero id, hash or key")
        return b

    def padded(self):
        content = self.take(self.number(4))
        end = self.at
        require(not any(self.take(len(self.all) - end)), "padding is not zero")
        require(len(self.all) == bucket(end) - 1, "padding")
        return content

    def end(self):
        require(self.at == len(self.all), "trailing bytes")


def bucket(n):
    size = 256
    while True:
        for quarters in (4, 5, 6, 7):
            if size * quarters // 4 > n:
                return size * quarters // 4
        size *= 2


# Keys.


def hkdf(secret, info):
    return HKDF(hashes.SHA256(), 32, b"", LABEL + info).derive(secret)


def stream_safe(text):
    out, run = "", 0
    for c in text:
        classes = [unicodedata.combining(d) != 0 for d in unicodedata.normalize("NFKD", c)]
        leading = classes.index(False) if False in classes else len(classes)
        if run + leading > 30:
            out, run = out + "\u034f", 0
        out += c
        trailing = classes[::-1].index(False) if False in classes else run + len(classes)
        run = trailing
    return out


def password_key(password, salt, step):
    require(step in COSTS, "cost")
    require(any(salt), "salt")
    memory, passes, lanes = COSTS[step]
    text = unicodedata.normalize("NFKC", stream_safe(password.decode("utf-8")))
    require(text, "empty password")
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(text.encode())


def auth_key(secret, label):
    text = base64.b64encode(hkdf(secret, label))
    return text.decode(), object_hash(b"auth-key", text)


# Tokens.


def open_token(key, token, limit=65536):
    require(len(token) <= limit, "token is too long")
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError as e:
        raise Refused("base64") from e
    require(base64.urlsafe_b64encode(raw).decode() == token, "base64 has another spelling")
    require(len(raw) >= 73 and (len(raw) - 57) % 16 == 0, "length of the ciphertext")
    require(hmac.compare_digest(hmac.digest(key[:16], raw[:-32], "sha256"), raw[-32:]), "key does not open the token")
    require(raw[0] == 0x80, "version of the token")
    decryptor = Cipher(algorithms.AES128(key[16:]), modes.CBC(raw[9:25])).decryptor()
    plain = decryptor.update(raw[25:-32]) + decryptor.finalize()
    pad = plain[-1]
    require(1 <= pad <= 16 and plain.endswith(bytes([pad]) * pad), "padding of the token")
    return plain[:-pad]


# Objects. Each function returns what the object holds, or raises Refused.


def open_wrap(kek, token, user, method, salt=None, step=None, passkey=None, remembered=0):
    r = Reader(open_token(kek, token), WRAP)
    is_user, is_method, generation = r.present(16), r.number(1), r.generation()
    is_salt = is_step = is_passkey = None
    if is_method == PASSWORD:
        is_salt, is_step = r.present(16), r.number(1)
        require(is_step in COSTS, "cost")
    elif is_method == PASSKEY:
        is_passkey = r.present(16)
    else:
        require(is_method in (PHRASE, HANDOVER), "method")
    account_key = r.present(32)
    r.end()
    require(is_user == user, "another user")
    require((is_method, is_passkey) == (method, passkey), "another method")
    require((is_salt, is_step) == (salt, step), "another salt or cost")
    require(generation >= remembered, "an old account key")
    return account_key, generation


def open_identity(account_key, generation, user, token):
    r = Reader(open_token(hkdf(account_key, b"identity" + user), token), IDENTITY)
    is_user, is_generation = r.present(16), r.generation()
    genesis, before = r.present(32), r.present(32)
    cards = [(r.present(32), r.present(32)) for _ in range(r.number(2))]
    former = [r.present(32) for _ in range(r.number(1))]
    r.end()
    require(1 <= len(cards) <= 512, "number of cards")
    require(len(former) <= 16 and len(former) < is_generation, "number of former keys")
    require(is_user == user, "another user")
    require(is_generation == generation, "another generation")
    return genesis, before, cards, former


def open_device(account_key, user, use, token):
    r = Reader(open_token(hkdf(account_key, b"device" + field(use)), token, 33554432), DEVICE)
    require(r.take(16) == user, "another user")
    require(r.take(1 + len(use)) == field(use), "another use")
    return r.padded()


def commitment(epoch_key, vault, epoch):
    return hkdf(epoch_key, b"commit" + vault + u(4, epoch))


def open_previous(epoch_key, vault, epoch, token, commitments):
    r = Reader(open_token(hkdf(epoch_key, b"previous" + vault + u(4, epoch)), token), PREVIOUS)
    is_vault, is_epoch = r.present(16), r.number(4)
    keys = [(r.number(4), r.present(32)) for _ in range(r.number(2))]
    r.end()
    require(1 <= len(keys) <= 1000, "number of keys")
    above = is_epoch
    for of, _ in keys:
        require(1 <= of < above, "keys do not descend")
        above = of
    require((is_vault, is_epoch) == (vault, epoch), "another place")
    for of, key in keys:
        require(commitment(key, vault, of) == commitments.get(of), f"key of epoch {of} does not match its commitment")
    return dict(keys)


def record_place(vault, epoch, item, kind, version):
    require(any(vault) and any(item) and epoch >= 1 and version >= 1 and 1 <= kind <= 7, "place")
    return vault + u(4, epoch) + item + u(1, kind) + u(4, version)


def open_record(epoch_key, place, token):
    r = Reader(open_token(hkdf(epoch_key, b"record" + place), token), RECORD)
    is_place = record_place(r.take(16), r.number(4), r.take(16), r.number(1), r.number(4))
    origin, flag = None, r.number(1)
    require(flag in (0, 1), "origin")
    if flag:
        origin = r.present(16), r.generation()
    content = r.padded()
    require(is_place == place, "another place")
    return content, origin


def open_chunk(attachment_key, attachment, number, count, token):
    chunk = attachment + u(4, number) + u(4, count)
    require(any(attachment) and 1 <= number <= count <= 54, "place")
    r = Reader(open_token(hkdf(attachment_key, b"chunk" + chunk), token, 262220), CHUNK)
    is_chunk = r.take(24)
    content = r.padded()
    require(is_chunk == chunk, "another place")
    return content


# The KEM and HPKE.


class KEM:
    """MLKEM768-X25519 (X-Wing), from its seed."""

    def __init__(self, seed):
        expanded = hashlib.shake_256(seed).digest(96)
        self.m = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        self.x = X25519PrivateKey.from_private_bytes(expanded[64:])
        self.x_public = self.x.public_key().public_bytes_raw()

    def public(self):
        return self.m.public_key().public_bytes_raw() + self.x_public

    def decapsulate(self, enc):
        require(len(enc) == 1120, "encapsulation")
        try:
            x = self.x.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
        except ValueError as e:
            raise Refused("X25519 gives zero") from e
        return hashlib.sha3_256(self.m.decapsulate(enc[:1088]) + x + enc[1088:] + self.x_public + b"\\.//^\\").digest()


def hpke_export(shared, info, context):
    suite = b"HPKE-v1" + b"HPKE" + u(2, 0x647A) + u(2, 1) + u(2, 0xFFFF)

    def extract(salt, label, ikm):
        return hmac.digest(salt or ZERO, suite + label + ikm, "sha256")

    def expand(prk, label, info):
        return HKDFExpand(hashes.SHA256(), 32, u(2, 32) + suite + label + info).derive(prk)

    schedule = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    exporter = expand(extract(shared, b"secret", b""), b"exp", schedule)
    return expand(exporter, b"sec", context)


def open_envelope(kem, vault, epoch, user, card, committed, envelope):
    require(len(envelope) == 1348, "length of the envelope")
    to = vault + u(4, epoch) + user + card
    key = hpke_export(kem.decapsulate(envelope[:1120]), LABEL + b"envelope" + to, LABEL + b"envelope")
    r = Reader(open_token(key, envelope[1120:].decode("ascii")), ENVELOPE)
    is_to, epoch_key = r.take(68), r.present(32)
    r.end()
    require(is_to == to, "another place")
    require(commitment(epoch_key, vault, epoch) == committed, "commitment")
    return epoch_key, key


# Cards.


def read_card(b, before=None):
    """Returns the hash, the Ed25519 key and the KEM key of a card whose signatures are right."""
    size = 1 + 16 + 1 + b[17] + 8 + 32 + 1216 + 32
    body, signatures = b[:size], b[size:]
    message = LABEL + field(b"card") + body
    signing, kem = body[-1280:-1248], body[-1248:-32]
    signers = [signing] + ([before] if before else [])
    require(len(signatures) == 64 * len(signers), "number of signatures")
    for n, signer in enumerate(signers):
        try:
            Ed25519PublicKey.from_public_bytes(signer).verify(signatures[64 * n : 64 * n + 64], message)
        except InvalidSignature as e:
            raise Refused("signature of the card") from e
    return hashlib.sha256(message).digest(), signing, kem


# The vectors.


def unhex(s):
    return bytes.fromhex(s)


def check(part, got, want):
    require(got == want, f"{part} differs from the vectors")


def check_passwords(v):
    """Returns the KEKs by method."""
    keks = {}
    for p in v["passwords"]:
        key = password_key(unhex(p["password_utf8_hex"]), read_id(p["salt"]), p["cost"])
        check("password key", key, unhex(p["password_key"]))
        check("auth key", auth_key(key, b"password-auth"), (p["auth_key"], unhex(p["auth_key_hash"])))
        keks.setdefault(PASSWORD, hkdf(key, b"password-kek"))
        check("KEK", hkdf(key, b"password-kek"), unhex(p["kek"]))
    p = v["phrase"]
    entropy = unhex(p["entropy"])
    check("auth key of the phrase", auth_key(entropy, b"phrase-auth"), (p["auth_key"], unhex(p["auth_key_hash"])))
    keks[PHRASE] = hkdf(entropy, b"phrase-kek")
    p = v["passkey"]
    keks[PASSKEY] = hkdf(unhex(p["prf"]), b"passkey-kek" + read_id(p["user"]) + read_id(p["passkey"]))
    return keks


def wrap_arguments(w):
    salt, passkey = w.get("salt"), w.get("passkey")
    return {
        "user": read_id(w["user"]),
        "method": w["method"],
        "salt": salt and read_id(salt),
        "step": w.get("cost"),
        "passkey": passkey and read_id(passkey),
    }


def check_wraps(v, keks):
    for w in v["wraps"]:
        account_key, generation = open_wrap(keks[w["method"]], w["token"], **wrap_arguments(w))
        check("account key", account_key, unhex(v["account_key"]))
        check("generation", generation, w["generation"])
        check("hash of the wrap", object_hash(b"wrap", w["token"].encode()), unhex(w["hash"]))
    for d in v["device"]:
        content = open_device(account_key, read_id(d["user"]), d["use"].encode(), d["token"])
        check("device data", content, unhex(d["content"]))
    return account_key, generation


def check_identity(v, account_key, generation):
    """Returns the KEM and the hash of the newest card."""
    i = v["identity"]
    genesis, before, cards, former = open_identity(account_key, generation, read_id(i["user"]), i["token"])
    check("genesis", genesis, unhex(i["genesis"]))
    check("entry before", before, unhex(i["before"]))
    check("former keys", former, [unhex(k) for k in i["former"]])
    check("hash of the identity", object_hash(b"identity", i["token"].encode()), unhex(i["hash"]))
    check("number of cards", len(cards), len(v["cards"]))
    signing = None
    for (seed, kem_seed), c in zip(cards, v["cards"]):
        card, signing, kem_public = read_card(unhex(c["card"]), signing)
        check("hash of the card", card, unhex(c["hash"]))
        check("signing key", Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(), signing)
        kem = KEM(kem_seed)
        check("KEM key", kem.public(), kem_public)
    return kem, card


def check_epochs(v, kem, card):
    """Returns the epoch keys by epoch."""
    e, p = v["envelope"], v["previous"]
    committed = {c["epoch"]: unhex(c["commitment"]) for c in v["epochs"]}
    vault, epoch = read_id(e["vault"]), e["epoch"]
    envelope = unhex(e["envelope"])
    newest, exported = open_envelope(kem, vault, epoch, read_id(e["to"]), card, committed[epoch], envelope)
    check("export", exported, unhex(e["key"]))
    check("hash of the envelope", object_hash(b"envelope", envelope), unhex(e["hash"]))
    keys = open_previous(newest, read_id(p["vault"]), p["epoch"], p["token"], committed)
    keys[epoch] = newest
    check("epoch keys", keys, {c["epoch"]: unhex(c["key"]) for c in v["epochs"]})
    return keys


def place_of(r):
    return record_place(read_id(r["vault"]), r["epoch"], read_id(r["item"]), r["kind"], r["version"])


def check_records(v, keys):
    for r in v["records"]:
        content, origin = open_record(keys[r["epoch"]], place_of(r), r["token"])
        check("content of a record", content, unhex(r["content"]))
        author = r.get("origin_author")
        check("origin of a record", origin, author and (read_id(author), r["origin_revision"]))
        check("hash of a record", object_hash(b"token", r["token"].encode()), unhex(r["hash"]))


def attachment_key(text):
    return base64.urlsafe_b64decode(text + "=")


def check_attachment(v):
    a = v["attachment"]
    joined = b""
    for c in a["chunks"]:
        content = open_chunk(attachment_key(a["key"]), read_id(a["id"]), c["number"], c["count"], c["token"])
        check("content of a chunk", content, unhex(c["content"]))
        joined += object_hash(b"chunk", c["token"].encode())
    check("hash of the attachment", object_hash(b"attachment", joined), unhex(a["hash"]))


def check_refused(v, keks, account_key, generation, keys):
    w, i, r, p, a = v["wraps"][0], v["identity"], v["records"][0], v["previous"], v["attachment"]
    committed = {c["epoch"]: unhex(c["commitment"]) for c in v["epochs"]}
    readers = {
        "wrap": lambda token: open_wrap(keks[w["method"]], token, **wrap_arguments(w)),
        "identity": lambda token: open_identity(account_key, generation, read_id(i["user"]), token),
        "record": lambda token: open_record(keys[r["epoch"]], place_of(r), token),
        "previous": lambda token: open_previous(keys[p["epoch"]], read_id(p["vault"]), p["epoch"], token, committed),
        "chunk": lambda token: open_chunk(attachment_key(a["key"]), read_id(a["id"]), 1, 2, token),
    }
    for bad in v["refused_plaintexts"]:
        try:
            readers[bad["object"]](bad["token"])
        except Refused as e:
            require(str(e) != "key does not open the token", f"{bad['object']}, {bad['why']}: {e}")
        else:
            raise Refused(f"{bad['object']}, {bad['why']}: was not refused")


def main():
    if len(sys.argv) != 2:
        print("Usage: open_vault.py VECTORS", file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8") as f:
            v = json.load(f)
        keks = check_passwords(v)
        account_key, generation = check_wraps(v, keks)
        keys = check_epochs(v, *check_identity(v, account_key, generation))
        check_records(v, keys)
        check_attachment(v)
        check_refused(v, keks, account_key, generation, keys)
        for p in v["padding"]:
            check("padding", bucket(p["unpadded"]), p["ciphertext"])
    except (Refused, OSError, ValueError, KeyError) as e:
        print(f"open_vault.py: error: {e}", file=sys.stderr)
        return 1
    print(f"{len(v['records'])} records and {len(v['attachment']['chunks'])} chunks opened, {len(v['refused_plaintexts'])} tokens refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
