# A configuration of nginx, for whoever starts it: it needs no rights and no place of its
# own, and leaves nothing outside DIRECTORY, in which www holds the files.
# shellcheck shell=bash

# Prints the path of nginx; not everybody's PATH has /usr/sbin.
find_nginx() { PATH=$PATH:/usr/sbin command -v nginx; }

# Writes DIRECTORY/configuration: one server, which listens at ADDRESS (an address and a
# port, or unix:PATH).
configure_nginx() { # DIRECTORY ADDRESS
    local kind
    {
        echo "user root root;" # in a user namespace that is who we are; else ignored
        echo "daemon off; master_process off; pid $1/pid; error_log $1/errors;"
        echo "events { worker_connections 64; } http { access_log off; root $1/www;"
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $1/$kind;"
        done
        echo "types { text/html html; } server { listen $2; } }"
    } >"$1/configuration"
}
