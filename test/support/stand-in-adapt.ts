import { createHash } from "node:crypto";
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

// Does to a tiny bundle what `python -m wuerstchen.adapt` does, where no torch is: it adds a product of two vectors,
// times the strength, to an attention weight of Stage C. The vectors follow from the adapter file's bytes.

const side = 32;
const floatBytes = 4;

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    bundle: { type: "string", default: "" },
    adapter: { type: "string", default: "" },
    id: { type: "string", default: "" },
    out: { type: "string", default: "" },
  },
});
const [file = "", strength = ""] = values.adapter.split("=");
const digest = createHash("sha512").update(readFileSync(file)).digest();
const vectors = Float32Array.from(digest, (byte) => byte / 128 - 1);

const part = `${values.out}.part`;
cpSync(values.bundle, part, { recursive: true });
const manifest = JSON.parse(readFileSync(join(part, "model.json"), "utf8"));
const graph = join(part, manifest.graphs.stageC.file);
const bytes = readFileSync(graph);
addProduct(bytes, Number(strength));
writeFileSync(graph, bytes);
const sha256 = createHash("sha256").update(bytes).digest("hex");
manifest.files[manifest.graphs.stageC.file].sha256 = sha256;
const revision = createHash("sha256").update(JSON.stringify(manifest.files)).digest("hex").slice(0, 16);
writeFileSync(join(part, "model.json"), JSON.stringify({ ...manifest, id: values.id, revision }));
renameSync(part, values.out);
process.stdout.write(`bundle: ${values.out}\n`);

/** Changes the weight (32, 32) in place, where an ONNX file has its bytes. */
function addProduct(onnx: Buffer, scale: number): void {
  // As protobuf writes a tensor: field 8, its name; field 9, 4,096 bytes.
  const head = Buffer.concat([Buffer.of(0x42, 7), Buffer.from("val_184"), Buffer.of(0x4a, 0x80, 0x20)]);
  const at = onnx.indexOf(head);
  if (at < 0) throw new TypeError("The tiny bundle was exported anew: name another attention weight of its Stage C.");
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const place = at + head.length + floatBytes * (row * side + column);
      const product = (vectors[row] ?? 0) * (vectors[side + column] ?? 0);
      onnx.writeFloatLE(onnx.readFloatLE(place) + scale * product, place);
    }
  }
}
