-- How the picture was served that a line was charged for: `generated`, `latent` or `image`. NULL where no picture was
-- delivered, and in earlier rows.
ALTER TABLE usage ADD COLUMN tier TEXT;
