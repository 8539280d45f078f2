#!/usr/bin/env bash
# Turns the settings of a deployment, SSM parameters, into the environment file that Compose reads on a host.
set -euo pipefail
umask 077

home=${HOME_DIRECTORY:-/opt/password-manager}

usage() {
  cat <<USAGE
Usage: fetch-env.sh [--help] [--region REGION] [--output FILE]

Writes every SSM parameter of PARAMETER_PATH, decrypted, into FILE
($home/.env), which only its owner can read. The new file
takes the old one's place as a whole; on any failure the old one stays.

Settings, from the environment:
  AWS_REGION      region of the parameters, unless --region says it
  HOME_DIRECTORY  where FILE lies (/opt/password-manager)
  PARAMETER_PATH  path of the parameters (/password-manager/)
USAGE
}

die() { echo "fetch-env.sh: error: $1" >&2; exit "${2:-1}"; }

path=${PARAMETER_PATH:-/password-manager/}
# Version 1 of the AWS command line does not know AWS_REGION.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
output=$home/.env

while [ $# -gt 0 ]; do
  case "$1" in
    --region | --output)
      [ -n "${2:-}" ] || { usage >&2; exit 2; }
      if [ "$1" = --region ]; then region=$2; else output=$2; fi
      shift 2
      ;;
    --help | -h) usage; exit 0 ;;
    *) echo "fetch-env.sh: error: unknown argument: $1" >&2; usage >&2; exit 2 ;;
  esac
done

command -v aws >/dev/null 2>&1 || die "aws, the AWS command line, is missing: install it"
command -v python3 >/dev/null 2>&1 || die "python3 is missing: install it"
directory=$(dirname -- "$output")
[ -d "$directory" ] || die "there is no folder $directory"
[ ! -d "$output" ] || die "$output is a folder"

# What another run may be writing has the same name. A run that was killed with SIGKILL leaves its part behind, and nobody
# holds the lock then. The children inherit the lock: while one of them can still write, the name is not free.
exec 9<"$directory"
flock --wait 120 9 || die "another run has been at work in $directory for two minutes"
part=$output.part
rm -f -- "$part"
errors=$(mktemp) || die "cannot make a temporary file"
trap 'rm -f -- "$part" "$errors"' EXIT

# Version 2 would page its output and ask questions on a terminal. Both versions write in the encoding of the locale, and a
# unit of systemd has none.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off LC_ALL=C.UTF-8

explain() { # says in one sentence why AWS gave no parameters, and ends
  local said
  said=$(grep . "$errors" | tail -n 1 || true)
  case "$said" in
    *"Unable to locate credentials"*) die "there are no AWS credentials: give the host its role, or set AWS_PROFILE" ;;
    *"You must specify a region"*) die "no AWS region is chosen: set AWS_REGION, or give --region" ;;
    *"Could not connect to the endpoint"* | *"onnect timeout on endpoint"* | *"Read timeout on endpoint"*)
      die "AWS does not answer: check the network and the region" ;;
    *AccessDenied*)
      die "these credentials may not read $path: allow ssm:GetParametersByPath for it, and kms:Decrypt with its key" ;;
    *ExpiredToken* | *UnrecognizedClient* | *InvalidClientTokenId* | *InvalidSignature*)
      die "AWS refuses these credentials: log in again" ;;
    *) die "ssm:GetParametersByPath for $path failed: ${said:-the AWS command line did not say why}" ;;
  esac
}

# Parameters of deeper paths are not asked for: they are no settings of this host, and each secret that it does not need is
# one that it cannot lose. Both versions of the command line ask for page after page, and print nothing if one fails.
parameters() {
  aws ssm get-parameters-by-path --path "$path" --with-decryption --output json ${region:+--region "$region"} \
    --cli-connect-timeout 10 --cli-read-timeout 30 2>>"$errors"
}

# Values go through pipes alone: `bash -x` prints what a variable gets, and every user of the machine can read arguments.
env_file() { # stdin: what SSM said; stdout: a file of its own, which is on the disk when this returns
  python3 -I /dev/fd/3 "$path" 3<<'PYTHON'
import json, os, re, sys

REQUIRED = ["AWS_REGION", "PORT", "STORE", "SESSION_SECRET", "SITE_ADDRESS"]
REQUIRED_WITH_DYNAMODB = [
    "DYNAMODB_USERS_TABLE", "DYNAMODB_ACCOUNTS_TABLE", "DYNAMODB_PASSWORDS_TABLE", "DYNAMODB_SESSIONS_TABLE",
]
# The digest that serves is no setting. A container that carried it would be another one after each rollout, and Compose
# would replace it.
LEFT_OUT = ["RELEASE"]


def say(kind, text):
    sys.stderr.write("fetch-env.sh: %s%s\n" % (kind, text))


def die(text):
    say("error: ", text)
    sys.exit(1)


def quote(value):
    # Compose takes single quotes literally, but \' in them is a quote, and no other backslash escapes anything: it has no
    # spelling for a backslash before a quote. In double quotes \\, \" and \$ stand for themselves (compose-go, dotenv).
    if "'" not in value and "\\" not in value:
        return "'" + value + "'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def main(path):
    said = sys.stdin.buffer.read()
    if not said:
        # The AWS command line failed, and its own words say why.
        sys.exit(1)
    settings = {}
    for parameter in json.loads(said.decode()).get("Parameters", []):
        name, value = parameter["Name"][len(path):], parameter["Value"]
        # No program can read such a variable, so it is a setting of nobody's, and no reason to keep a new host from serving.
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            say("", "%s%s is left out: its name is no name of an environment variable" % (path, name))
            continue
        if re.search("[\n\r\0]", value):
            die("%s%s has a line break, which an environment file cannot hold" % (path, name))
        if name not in LEFT_OUT:
            settings[name] = value
    if not settings:
        die("there are no parameters under %s: check the region, and deploy the platform first" % path)
    required = REQUIRED + (REQUIRED_WITH_DYNAMODB if settings.get("STORE") == "dynamodb" else [])
    missing = [name for name in required if not settings.get(name)]
    if missing:
        die("missing: " + ", ".join(path + name for name in missing))
    lines = ["%s=%s\n" % (name, quote(settings[name])) for name in sorted(settings)]
    try:
        with os.fdopen(1, "wb", closefd=False) as file:
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(1)
    except OSError as e:
        die("cannot write the new file: " + e.strerror)


try:
    main(sys.argv[1])
except Exception as e:
    # Nothing but the kind of the error: its words may quote a value.
    die("cannot read what the AWS command line printed: " + type(e).__name__)
PYTHON
}

set -o noclobber
parameters | env_file >"$part" || {
  status=("${PIPESTATUS[@]}")
  [ -e "$part" ] || die "cannot make $part"
  [ "${status[0]}" = 0 ] || explain
  exit 1
}
mv -f -T -- "$part" "$output" || die "cannot replace $output"
sync -- "$directory" || die "$output is new, but may be the old one again after a power cut"
