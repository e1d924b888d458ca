#!/bin/sh
# Prepares an empty PostgreSQL: three roles with their passwords, and the rights of each.
# The image of PostgreSQL runs this once, when its volume is empty.
set -eu
psql="psql --set ON_ERROR_STOP=1 --username $POSTGRES_USER"
$psql --dbname "$POSTGRES_DB" --file /icro/roles.sql
$psql --dbname "$POSTGRES_DB" \
    --set owner="$ICRO_OWNER_PASSWORD" --set app="$ICRO_APP_PASSWORD" --set read="$ICRO_READ_PASSWORD" \
    <<'SQL'
ALTER ROLE icro_owner PASSWORD :'owner';
ALTER ROLE icro_app PASSWORD :'app';
ALTER ROLE icro_read PASSWORD :'read';
ALTER DATABASE icro OWNER TO icro_owner;
REVOKE ALL ON DATABASE icro FROM PUBLIC;
GRANT CONNECT ON DATABASE icro TO icro_app, icro_read;
SQL
$psql --dbname "$POSTGRES_DB" --file /icro/privileges.sql
