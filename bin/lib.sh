# shellcheck shell=bash
# shellcheck disable=SC2034 # variables used by those who source this
# What the scripts in bin/ share. To be sourced; it runs nothing by itself.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What is slow to make is kept here, by content, never in the source tree.
build_cache=${XDG_CACHE_HOME:-$HOME/.cache}/supermachine-build
images_dir=$build_cache/images
# Overwritten by each run; `mvn clean` takes them away with everything else.
log_dir=$project/target/logs

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# --- time -------------------------------------------------------------------------------------------------------------

now_ms() { date +%s%3N; }

# 45 -> 45 ms; 1234 -> 1.2 s; 319500 -> 5 min 19 s
human_ms() {
    local ms=$1
    if ((ms < 1000)); then
        printf '%d ms' "$ms"
    elif ((ms < 100000)); then
        printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
    else
        printf '%d min %d s' $((ms / 60000)) $((ms % 60000 / 1000))
    fi
}

# step WHAT COMMAND...: runs it with its output in a log of its own and says how long it took; if it fails, shows the end of
# the log and ends the script. Never call it in a condition: there bash would ignore failures inside it.
step() {
    local what=$1 log started status
    shift
    mkdir -p "$log_dir"
    log=$log_dir/$(printf '%s' "$what" | tr -cs 'A-Za-z0-9._-' '-').log
    started=$(now_ms)
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
    if ((status == 0)); then
        printf '%-44s %10s\n' "$what" "$(human_ms $(($(now_ms) - started)))"
        return 0
    fi
    printf '%-44s     FAILED (exit status %d)\n' "$what" "$status" >&2
    warn "--- the last lines of $log"
    tail -n 40 "$log" >&2
    warn "--- the whole log: $log"
    exit 1
}

# --- packages ---------------------------------------------------------------------------------------------------------

# What building, testing and the demo need beyond a minimal Debian, as packages and the command that shows each is there.
# docker-registry is not among them: installing it starts a service on port 5000, so bin/registry only unpacks it.
needed_packages=(
    ca-certificates:update-ca-certificates
    qemu-system-x86:qemu-system-x86_64
    gcc:gcc libc6-dev: make:make musl-tools:musl-gcc linux-libc-dev:
    zstd:zstd xz-utils:xz lz4:lz4 cpio:cpio erofs-utils:fsck.erofs mount:mount
    e2fsprogs:debugfs mmdebstrap:mmdebstrap skopeo:skopeo umoci:umoci buildah:buildah
    jq:jq curl:curl util-linux:setpriv procps:ps maven:mvn
)

is_debian_like() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

# Without root, mmdebstrap works in a user namespace of its own.
if ((EUID != 0)); then needed_packages+=(uidmap:newuidmap); fi

# The packages of the list given (default: all) that are not there, one per line.
missing_packages() {
    local entry package command
    for entry in "${needed_packages[@]}"; do
        package=${entry%%:*} command=${entry#*:}
        if [[ -n $command ]]; then
            PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null && continue
        elif is_debian_like; then
            [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] && continue
        else
            continue
        fi
        printf '%s\n' "$package"
    done
    # Maven's package brings a headless JRE only.
    if [[ -z $(find_jdk 17) ]]; then printf '%s\n' openjdk-17-jdk-headless; fi
}

# as_root COMMAND...: by itself, or with sudo.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

# download_package PACKAGE: its file, into the current directory. A private directory is out of the reach of apt's own user.
download_package() {
    local options=()
    if ((EUID == 0)); then options=(-o APT::Sandbox::User=root); fi
    apt-get -qq "${options[@]}" download "$1"
}

# The versions of a recipe's packages, as far as this machine knows them: a security update makes another image.
package_versions() {
    command -v apt-cache >/dev/null || return 0
    apt-cache policy "$@" 2>/dev/null | sed -n -e '/^[^ ]/p' -e 's/^ *Candidate: //p'
}

# package_sources SUITE: the package source, this machine's own where it is the suite we need, so that its mirror and its proxy are used.
package_sources() {
    # shellcheck source=/dev/null
    if [[ $(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") == "$1" ]]; then
        local file
        for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
            if [[ -s $file ]]; then
                printf '%s' "$file"
                return
            fi
        done
    fi
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@"
}

ensure_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]})) || return 0
    if ! is_debian_like; then
        fail "this is not Debian, so nothing was installed; these Debian packages' counterparts are missing:" \
            "${missing[*]}" "Install them and run this again."
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        fail "packages are missing, and you are neither root nor is there sudo. As root:" \
            "apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "installing: ${missing[*]}"
    step "packages" install_packages "${missing[@]}"
}

# --- JDKs -------------------------------------------------------------------------------------------------------------

# The major version of the JDK in a directory, read from its release file (no JVM is started); nothing if it is none.
jdk_major() {
    local version
    [[ -x $1/bin/javac && -r $1/release ]] || return 0
    version=$(sed -n 's/^JAVA_VERSION="\([^"]*\)".*/\1/p' "$1/release")
    printf '%s' "${version%%[.+-]*}"
}

# find_jdk MAJOR: its home, from JAVA_<MAJOR>_HOME, JAVA_HOME or /usr/lib/jvm; prints nothing if there is none.
find_jdk() {
    local major=$1 variable=JAVA_$1_HOME home
    for home in "${!variable:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [[ -n $home && $(jdk_major "$home") == "$major" ]]; then
            (cd "$home" && pwd -P)
            return 0
        fi
    done
}

# Sets jdk17, the JDK that builds.
require_jdk17() {
    jdk17=$(find_jdk 17)
    [[ -n $jdk17 ]] || fail "no JDK 17 found in JAVA_17_HOME, JAVA_HOME or /usr/lib/jvm" \
        "Install one (Debian: openjdk-17-jdk-headless) or set JAVA_17_HOME."
}

# Sets jdk25, empty if there is none, and says in one line which.
look_for_jdk25() {
    jdk25=$(find_jdk 25)
    if [[ -n $jdk25 ]]; then
        say "JDK 25: $jdk25"
    else
        say "JDK 25: none in JAVA_25_HOME or /usr/lib/jvm, so the second run is left out; install one" \
            "(openjdk-25-jdk-headless or temurin-25-jdk, where your package source has it) or set JAVA_25_HOME"
    fi
}

# --- Maven ------------------------------------------------------------------------------------------------------------

# maven ARGUMENTS...: at the project's top, on JDK 17, quiet about downloads.
maven() {
    (cd "$project" && JAVA_HOME=$jdk17 mvn -B -ntp -Dstyle.color=never "$@")
}
