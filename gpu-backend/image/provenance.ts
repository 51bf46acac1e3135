import { blankOriginMark } from "../../shared/origin-mark.ts";
import { behindPngHeader, findPngChunk, pngChecksum } from "../../shared/png-chunk.ts";

/** IPTC's term for media made by a trained model, which says "made by AI" in a form that machines read. */
export const digitalSourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

/** The XMP packet that every picture carries, with the place for its mark. */
export const provenanceXmp = [
  '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
  '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
  '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
  '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
  ' xmlns:we="urn:wuerstchen-edge:provenance"',
  ` Iptc4xmpExt:DigitalSourceType="${digitalSourceType}" ${blankOriginMark}/>`,
  "</rdf:RDF></x:xmpmeta>",
  '<?xpacket end="w"?>',
].join("");

/**
 * A PNG file with the packet in it, uncompressed, as XMP's specification wants it (part 3, 1.1.5) and the mark needs
 * it. The encoder's own would be compressed.
 */
export function withPngXmp(png: Uint8Array): Uint8Array {
  // Keyword, its end, not compressed (two bytes), no language, no translated keyword.
  const data = Buffer.from(`iTXtXML:com.adobe.xmp\0\0\0\0\0${provenanceXmp}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length - 4);
  const head = png.subarray(0, behindPngHeader);
  const file = Buffer.concat([head, length, data, Buffer.alloc(4), png.subarray(behindPngHeader)]);
  const chunk = findPngChunk(file, ({ start }) => start === behindPngHeader);
  if (chunk !== undefined) file.writeUInt32BE(pngChecksum(file, chunk), chunk.checksumAt);
  return file;
}
