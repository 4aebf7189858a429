# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# A Flask application with SQLite under Gunicorn. Not made unless asked for by name or with --all.
tag=3.11
packages=(gunicorn python3-flask)
opaque=(var/log)
config=(
    --config.user=www-data
    --config.workingdir=/srv
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.exposedports=8080/tcp
    --config.stopsignal=SIGTERM
    --config.entrypoint=/usr/bin/gunicorn
    --config.cmd=--bind --config.cmd=0.0.0.0:8080 --config.cmd=--workers --config.cmd=1 --config.cmd=service:application
)
