// The first script of the console. What it shows begins in app.tsx.

import "@mantine/core/styles.css";
import "./ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// "Why can't I connect?" must be at hand when the server is not.
addEventListener("load", () => setTimeout(() => void import("./features/why/page.tsx"), 3_000));
