#!/usr/bin/env bash
# Writes the settings of a deployment, which are SSM parameters, to the environment file that Compose reads on a host.
set -euo pipefail
umask 077

home=${HOME_DIRECTORY:-/opt/password-manager}

usage() {
  cat <<USAGE
Usage: fetch-env.sh [--help] [--region REGION] [--output FILE]

Writes every SSM parameter of PARAMETER_PATH, decrypted, to FILE
($home/.env), which only its owner can read. The new file
replaces the old one atomically; on any failure the old one stays.

Settings, from the environment:
  AWS_REGION      region of the parameters, unless --region is given
  HOME_DIRECTORY  directory of FILE (/opt/password-manager)
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
[ -d "$directory" ] || die "there is no directory $directory"
[ ! -d "$output" ] || die "$output is a directory"

# All runs write to a file of the same name. After a SIGKILL that file remains, and the lock is free. The children inherit the
# lock, so no other run starts while one of them can still write.
exec 9<"$directory"
flock --wait 120 9 || die "another run has been busy in $directory for two minutes"
part=$output.part
rm -f -- "$part"
errors=$(mktemp) || die "cannot create a temporary file"
trap 'rm -f -- "$part" "$errors"' EXIT

# On a terminal, version 2 would page its output and ask questions. Both versions use the encoding of the locale, and systemd
# units have no locale.
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off LC_ALL=C.UTF-8

explain() { # exits with one sentence that says why AWS returned no parameters
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

# Does not read deeper paths: they are not settings of this host, and the host cannot leak a secret that it never reads. Both
# versions of the command line read all pages, and print nothing if one fails.
parameters() {
  aws ssm get-parameters-by-path --path "$path" --with-decryption --output json ${region:+--region "$region"} \
    --cli-connect-timeout 10 --cli-read-timeout 30 2>>"$errors"
}

# Values only go through pipes: `bash -x` prints variables, and every user of the machine can read arguments.
env_file() { # stdin: SSM's answer; stdout: the new file, which is synced when this returns
  python3 -I /dev/fd/3 "$path" 3<<'PYTHON'
import json, os, re, sys

REQUIRED = ["AWS_REGION", "PORT", "STORE", "SESSION_SECRET", "SITE_ADDRESS"]
REQUIRED_WITH_DYNAMODB = [
    "DYNAMODB_USERS_TABLE", "DYNAMODB_ACCOUNTS_TABLE", "DYNAMODB_PASSWORDS_TABLE", "DYNAMODB_SESSIONS_TABLE",
    "DYNAMODB_VAULTS_TABLE", "DYNAMODB_EVENTS_TABLE",
]
# The current digest is not a setting: if containers had it, each rollout would change them, and Compose would replace them.
LEFT_OUT = ["RELEASE"]


def say(kind, text):
    sys.stderr.write("fetch-env.sh: %s%s\n" % (kind, text))


def die(text):
    say("error: ", text)
    sys.exit(1)


def quote(value):
    # In single quotes, Compose only unescapes \', so it cannot represent a backslash before a quote. In double quotes, \\, \"
    # and \$ are escapes (compose-go, dotenv).
    if "'" not in value and "\\" not in value:
        return "'" + value + "'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def main(path):
    said = sys.stdin.buffer.read()
    if not said:
        # The AWS command line failed and has printed the reason.
        sys.exit(1)
    settings = {}
    for parameter in json.loads(said.decode()).get("Parameters", []):
        name, value = parameter["Name"][len(path):], parameter["Value"]
        # No program can read such a variable, so it is not a setting; skip it. It must not stop a new host from serving.
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            say("", "%s%s is skipped: its name is not valid for an environment variable" % (path, name))
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
    # Print only the type of the error: its message may quote a value.
    die("cannot read what the AWS command line printed: " + type(e).__name__)
PYTHON
}

set -o noclobber
parameters | env_file >"$part" || {
  status=("${PIPESTATUS[@]}")
  [ -e "$part" ] || die "cannot create $part"
  [ "${status[0]}" = 0 ] || explain
  exit 1
}
mv -f -T -- "$part" "$output" || die "cannot replace $output"
sync -- "$directory" || die "$output was replaced, but a power failure may restore the old one"
