// The package ships no types for its bundle.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /**
   * What of the viewer's options the page uses:
   * https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/
   */
  export interface SwaggerUiOptions {
    readonly url: string;
    readonly dom_id: string;
    readonly deepLinking: boolean;
    readonly docExpansion: "list" | "full" | "none";
    readonly defaultModelsExpandDepth: number;
    readonly validatorUrl: string | null;
  }
  export default function SwaggerUi(options: SwaggerUiOptions): unknown;
}
