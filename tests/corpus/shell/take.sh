#!/bin/bash
# Takes what the commands of this folder print, and how they end, from this machine's bash and its tools, and writes it
# below each command. Run it on Debian after adding a case; cases that were not changed come out the same.
#
# A case:   %%% name              its name, once in all files
#           commands              as many lines as needed
#           %% out CODE [open]    the exit code; `open`: what is printed ends without a newline
#           what it prints
#           %% err [open]         only where the case has this line: what it prints to the stream for errors
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

section() { # title file
    if [ -s "$2" ] && [ "$(tail -c 1 "$2" | od -An -tx1)" != " 0a" ]; then
        printf '%s open\n' "$1"
        cat "$2"
        echo
    else
        printf '%s\n' "$1"
        cat "$2"
    fi
}

finish() {
    [ -n "$name" ] || return 0
    local work="$scratch/workspace" code=0
    rm -rf "$work"
    cp -r "$here/inputs" "$work"
    find "$work" -exec touch -h -d '2024-01-02 03:04:05 UTC' {} +
    printf '%s' "$script" > "$scratch/script"
    (cd "$work" && exec env -i PATH=/usr/bin:/bin HOME="$work" LC_ALL=C.UTF-8 TZ=UTC timeout 20 \
        bash -c "$(cat "$scratch/script")" < /dev/null > "$scratch/out" 2> "$scratch/err") || code=$?
    printf '%%%%%% %s\n%s' "$name" "$script"
    section "%% out $code" "$scratch/out"
    if [ "$with_err" = yes ]; then
        section '%% err' "$scratch/err"
    fi
}

for file in "${@:-$here/}"; do
    [ -d "$file" ] && { exec "$0" "$here"/*.txt; }
    name='' script='' with_err=no part=none
    {
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
                '%%% '*) finish; name=${line#'%%% '} script='' with_err=no part=script ;;
                '%% out'*) part=out ;;
                '%% err'*) part=err with_err=yes ;;
                *) if [ $part = script ]; then script+="$line"$'\n'; elif [ $part = none ]; then printf '%s\n' "$line"; fi ;;
            esac
        done < "$file"
        finish
    } > "$scratch/new"
    cat "$scratch/new" > "$file"
done
