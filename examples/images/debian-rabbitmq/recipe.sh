# shellcheck shell=bash
# shellcheck disable=SC2034 # used by bin/images
# RabbitMQ 3.10 with AMQP and STOMP; its node's name does not depend on the machine's. Not made unless asked for by name or with --all.
tag=3.10
packages=(rabbitmq-server)
opaque=(var/log)
config=(
    --config.user=rabbitmq
    --config.workingdir=/var/lib/rabbitmq
    --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    --config.env=LANG=C.UTF-8
    --config.env=HOME=/var/lib/rabbitmq
    --config.env=RABBITMQ_NODENAME=rabbit@localhost
    --config.env=RABBITMQ_LOGS=-
    --config.exposedports=5672/tcp --config.exposedports=61613/tcp
    --config.stopsignal=SIGTERM
    --config.cmd=/usr/lib/rabbitmq/bin/rabbitmq-server
)
