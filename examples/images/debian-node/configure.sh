#!/bin/sh
set -eu
cat >"$1/srv/service.js" <<'JS'
// Stores what is PUT to a path; /random says what generators of random numbers in this process say, a line each.
'use strict';
const crypto = require('crypto');
const http = require('http');

const stored = new Map();

function random() {
    return [
        `crypto.randomUUID=${crypto.randomUUID()}`,
        `crypto.randomUUID.uncached=${crypto.randomUUID({ disableEntropyCache: true })}`,
        `crypto.randomBytes=${crypto.randomBytes(16).toString('hex')}`,
        `Math.random=${Math.random()}`,
        ''
    ].join('\n');
}

http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        if (request.method === 'PUT') {
            stored.set(request.url, Buffer.concat(chunks));
            response.statusCode = 204;
            response.end();
        } else if (request.url === '/random') {
            response.end(random());
        } else if (request.url === '/' || stored.has(request.url)) {
            response.end(stored.get(request.url) || 'ready');
        } else {
            response.statusCode = 404;
            response.end();
        }
    });
}).listen(8080);
JS
rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
