-- Who was charged by which key, what a line took of a GPU, and what a hit saved. NULL in earlier rows, and where it was
-- not measured.
ALTER TABLE usage ADD COLUMN key_id TEXT;
ALTER TABLE usage ADD COLUMN gpu_ms INTEGER;
ALTER TABLE usage ADD COLUMN saved_micro_usd INTEGER;
ALTER TABLE usage ADD COLUMN saved_gpu_ms INTEGER;
