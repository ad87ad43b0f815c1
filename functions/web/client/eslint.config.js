// Used by make web-check, beside its node_modules.
import tseslint from "typescript-eslint";

export default tseslint.config(
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: new URL(".", import.meta.url).pathname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-console": "error", // tokens end up there
      "no-eval": "error",
      "no-restricted-properties": [
        "error",
        // Texts from elsewhere become text, never markup.
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe"].map((property) => ({ property })),
        { object: "document", property: "write" },
        { property: "localStorage", message: "What outlives the tab is kept nowhere." },
      ],
      "no-restricted-globals": ["error", { name: "localStorage", message: "What outlives the tab is kept nowhere." }],
      "@typescript-eslint/prefer-nullish-coalescing": "off", // an empty text counts as none here
    },
  },
  { ignores: ["*.js"] },
);
