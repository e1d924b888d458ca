-- What each role may do in one database. Run in that database, as a superuser, before migrating.
-- Tables that only grow lose UPDATE and DELETE again when the migrations install their guards.
ALTER SCHEMA public OWNER TO icro_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO icro_app, icro_read;
ALTER DEFAULT PRIVILEGES FOR ROLE icro_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO icro_app;
ALTER DEFAULT PRIVILEGES FOR ROLE icro_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO icro_app;
ALTER DEFAULT PRIVILEGES FOR ROLE icro_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO icro_read;
