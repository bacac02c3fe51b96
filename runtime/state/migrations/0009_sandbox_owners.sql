-- Whether the folder of a sandbox was made for it alone and goes with it.
ALTER TABLE sandboxes ADD COLUMN is_own INTEGER NOT NULL DEFAULT 0;
