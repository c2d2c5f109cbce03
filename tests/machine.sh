# What tests/run and tests/long share: the machine, one PostgreSQL cluster, stages with their times. Sourced, never run.
# The caller has set -euo pipefail and stands at the top of the repository.

# What Debian must have; Rust and git are there already.
packages=(gcc libc6-dev chromium chromium-driver fonts-noto-cjk libfaketime python3 python3-aiosmtpd python3-venv wrk)

times=()
current=
scratch=

# stage TITLE COMMAND…: runs the command, whose failure ends the run, and keeps its time for the table at the end.
stage() {
  current=$1
  began=$SECONDS
  shift
  printf '\n== %s\n' "$current"
  "$@" </dev/null
  end_stage
}

end_stage() {
  [ -z "$current" ] || times+=("$(printf '%6d s  %s' $((SECONDS - began)) "$current")")
  current=
}

# A run that is ended from outside has not passed.
trap 'exit 130' INT
trap 'exit 143' TERM

# finish: stops what was started and prints the table; runs on every exit.
finish() {
  local status=$?
  end_stage
  stop_postgres
  [ -z "$scratch" ] || rm -rf "$scratch"
  printf '\n'
  [ ${#times[@]} -eq 0 ] || printf '%s\n' "${times[@]}"
  printf '%6d s  in all\n' "$SECONDS"
  if [ "$status" -eq 0 ]; then printf 'passed\n'; else printf 'FAILED\n'; fi
  exit "$status"
}

as_root() {
  if [ "$EUID" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# newest_postgres: the folder of the newest server's programs, empty without one.
newest_postgres() {
  find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1
}

install_missing() {
  local package missing=()
  for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
  done
  [ -n "$(newest_postgres)" ] || missing+=(postgresql)
  command -v npm >/dev/null || missing+=(nodejs npm)
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  fi
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
  # What the scripts in tests/reference need, and the S3 server.
  install_locked tests/reference/requirements.txt target/reference
  install_locked tests/reference/s3.txt target/s3
  # An OpenID provider, the rules for accessible pages, and a judge of pages.
  install_npm provider
  install_npm axe
  install_npm lighthouse
}

# install_locked FILE FOLDER: exactly these packages from PyPI, in an environment of their own.
install_locked() {
  local locked=$1 there=$2
  cmp -s "$locked" "$there/installed.txt" && return
  rm -rf "$there"
  /usr/bin/python3 -m venv "$there"
  "$there/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r "$locked"
  cp "$locked" "$there/installed.txt"
}

# install_npm NAME: exactly the packages of tests/reference/NAME from npm, in target/NAME; nothing they bring is run meanwhile.
install_npm() {
  local locked=tests/reference/$1 there=target/$1
  cmp -s "$locked/package-lock.json" "$there/installed.json" && return
  rm -rf "$there"
  mkdir -p "$there"
  cp "$locked/package.json" "$locked/package-lock.json" "$there"
  (cd "$there" && npm ci --ignore-scripts --no-fund --no-audit --silent)
  cp "$locked/package-lock.json" "$there/installed.json"
}

# postgres_user COMMAND…: PostgreSQL refuses to run as root.
postgres_user() {
  if [ "$EUID" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# One cluster for the whole run, in a folder of its own, on a free port of the loopback address; fsync stays on.
start_postgres() {
  local programs port
  programs=$(newest_postgres)
  scratch=$(mktemp -d /tmp/sojourn-tests.XXXXXX)
  [ "$EUID" -ne 0 ] || chown postgres "$scratch"
  port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  (
    cd "$scratch"
    postgres_user "$programs/initdb" --pgdata=cluster --username=sojourn --auth=trust --encoding=UTF8 --locale=C.UTF-8 >initdb.log
    postgres_user "$programs/pg_ctl" --pgdata=cluster --log=cluster/server.log --wait start >pg_ctl.log \
      --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$scratch -c max_connections=300"
  )
  export SOJOURN_TEST_POSTGRES=postgres://sojourn@127.0.0.1:$port/postgres
  echo "$("$programs/postgres" --version) at $SOJOURN_TEST_POSTGRES"
}

stop_postgres() {
  [ -n "$scratch" ] && [ -f "$scratch/cluster/postmaster.pid" ] || return 0
  (cd "$scratch" && postgres_user "$(newest_postgres)/pg_ctl" --pgdata=cluster --mode=immediate stop >/dev/null) || true
}

# search_logs: nothing that the suite planted (names, addresses, passwords, tokens) may stand in what it logged.
search_logs() {
  local logs=target/tmp/logs found
  grep -q 'the log of this process is kept' "$logs"/*.log || { echo "no log was kept" >&2; return 1; }
  sort -u "$logs"/*.planted >"$logs/planted"
  [ -s "$logs/planted" ] || { echo "nothing was planted" >&2; return 1; }
  found=$(grep -hFf "$logs/planted" "$logs"/*.log | head -n 5) || true
  [ -z "$found" ] || { printf 'the logs tell of people or their secrets:\n%s\n' "$found" >&2; return 1; }
  echo "$(wc -l <"$logs/planted") words looked for in $(cat "$logs"/*.log | wc -l) lines: none found"
}

# count NAME: the number of tests/counts.toml that holds for this run.
count() {
  local number
  number=$(sed -nE "s/^$1 = .*\b${SOJOURN_COUNTS} = ([0-9_]+).*/\1/p" tests/counts.toml)
  [ -n "$number" ] || { echo "tests/counts.toml has no $1 for $SOJOURN_COUNTS" >&2; return 1; }
  echo "${number//_/}"
}

# Clippy compiles the workspace in place of rustc, so that nothing is compiled twice; a warning of our own code is an error.
lint_while_compiling() {
  RUSTC_WORKSPACE_WRAPPER=$(command -v clippy-driver)
  export RUSTC_WORKSPACE_WRAPPER
  export CLIPPY_ARGS=-Dwarnings
}
