import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where Debian's and Ubuntu's `chromium` package has its libraries. */
const chromiumDirectory = "/usr/lib/chromium";
const driver = join(chromiumDirectory, "vk_swiftshader_icd.json");

/**
 * The environment that lets WebGPU run on the processor, by the Vulkan driver that Chromium brings for machines without
 * a card (SwiftShader); undefined where Chromium is not installed.
 */
export const softwareVulkan: Readonly<Record<string, string>> | undefined = existsSync(driver)
  ? { LD_LIBRARY_PATH: chromiumDirectory, VK_ICD_FILENAMES: driver }
  : undefined;

/** Why a test of WebGPU is left out where there is no such driver. */
export const noSoftwareVulkan = `${driver} is not there: \`apt-get install chromium\` brings it`;
