-- The three database roles. Run once in a cluster, as a superuser.
--   icro_owner  owns the database and its tables; migrates
--   icro_app    the web and worker processes; owns nothing
--   icro_read   reads only
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['icro_owner', 'icro_app', 'icro_read'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB', wanted);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE icro_owner SET timezone = 'UTC';
ALTER ROLE icro_app SET timezone = 'UTC';
ALTER ROLE icro_app SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE icro_read SET timezone = 'UTC';
ALTER ROLE icro_read SET default_transaction_read_only = on;
