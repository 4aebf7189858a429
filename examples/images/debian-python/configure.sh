#!/bin/sh
set -eu
cat >"$1/srv/service.py" <<'PY'
"""Stores what is PUT to a path in SQLite; /random says what generators of random numbers in this process say, a line each."""
import random
import secrets
import sqlite3
import ssl
import uuid

from flask import Flask, abort, request

application = Flask(__name__)


def connect():
    connection = sqlite3.connect("/srv/data/service.db")
    connection.execute("create table if not exists stored (path text primary key, body blob)")
    return connection


@application.get("/")
def ready():
    return "ready"


@application.get("/random")
def numbers():
    return (
        f"uuid.uuid4={uuid.uuid4()}\n"
        f"secrets={secrets.token_hex(16)}\n"
        f"ssl.RAND_bytes={ssl.RAND_bytes(16).hex()}\n"
        f"random.random={random.random()}\n"
    )


@application.put("/<path:path>")
def put(path):
    with connect() as connection:
        connection.execute("insert or replace into stored values (?, ?)", (path, request.get_data()))
    return "", 204


@application.get("/<path:path>")
def get(path):
    with connect() as connection:
        found = connection.execute("select body from stored where path = ?", (path,)).fetchone()
    if found is None:
        abort(404)
    return found[0]
PY
chroot "$1" install -d -o www-data -g www-data -m 0755 /srv/data
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
