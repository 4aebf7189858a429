#!/bin/sh
set -eu
rm -rf "$1"/etc/nginx/sites-enabled/* "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
cat >"$1/etc/nginx/nginx.conf" <<'CONF'
user www-data;
worker_processes 1;
pid /var/run/nginx.pid;
error_log stderr notice;
events { worker_connections 256; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    server {
        listen 80 default_server;
        listen [::]:80 default_server;
        location / {
            root /srv/data;
            autoindex on;
            client_body_temp_path /srv/upload;
            client_max_body_size 64m;
            dav_methods PUT DELETE MKCOL COPY MOVE;
            create_full_put_path on;
        }
    }
}
CONF
chroot "$1" install -d -o www-data -g www-data -m 0755 /srv/data /srv/upload
echo 'supermachine' >"$1/srv/data/index.html"
chroot "$1" chown www-data:www-data /srv/data/index.html
chroot "$1" install -d -o root -g adm -m 0755 /var/log/nginx
chroot "$1" /usr/sbin/nginx -t
rm -f "$1"/run/nginx.pid
rm -rf "$1"/var/log/nginx/*
