#!/usr/bin/env bash
# Runs once in the postgres container: the owner of Loggia's tables, who is no superuser, and its database.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner_password="$LOGGIA_OWNER_PASSWORD" <<'SQL'
CREATE ROLE loggia_owner LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE DATABASE loggia OWNER loggia_owner;
\connect loggia
CREATE EXTENSION vector;
SQL
