import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // The packages are linked from this repository: one React for them and for the page.
  resolve: { dedupe: ["react", "react-dom"] },
});
