import { render } from "preact";
import SwaggerUi from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./style/base.css";
import "./style/docs.css";
import { followTheme } from "./state/theme.ts";
import { SiteHeader } from "./view/site-header.tsx";
import { followLanguage } from "./words/words.ts";

followLanguage();
followTheme();
const root = document.querySelector("#app");
if (root !== null) {
  render(
    <>
      <SiteHeader page="docs" />
      <main id="reference" lang="en" />
    </>,
    root,
  );
}
SwaggerUi({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The viewer would ask a service of its own whether the document is valid.
  validatorUrl: null,
});
