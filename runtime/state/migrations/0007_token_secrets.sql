-- A token that a browser was given for the shared secret counts only as long as that secret does. Kept is a keyed hash
-- of the secret, whose key is not in the database.
ALTER TABLE device_tokens ADD COLUMN secret_mark BLOB;
