// The looks: one accent, system fonts, and colours that can be read. Text has a contrast of at least
// 4.5:1 in both schemes; where Mantine's own colours have less, they are replaced here.

import {
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MantineThemeOverride,
} from "@mantine/core";

export const theme: MantineThemeOverride = createTheme({
  primaryColor: "cyan",
  // White text on the accent has 5.6:1 from shade 9 on.
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "md",
  black: "#1a2025",
  colors: {
    // Greys with a little of the accent in them; Mantine's own look brown beside it.
    dark: [
      "#dde2e6",
      "#b8c0c7",
      "#a3adb5",
      "#717b84",
      "#3b434a",
      "#2c3238",
      "#22272c",
      "#1c2024",
      "#15181b",
      "#101214",
    ],
  },
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  components: {
    Button: Button.extend({ styles: { root: { fontWeight: 550 } } }),
  },
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.625rem", lineHeight: "1.25" },
      h2: { fontSize: "1.1875rem", lineHeight: "1.35" },
      h3: { fontSize: "1rem", lineHeight: "1.45" },
    },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-cyan-filled-hover": "#0b6576",
    "--mantine-color-cyan-light": "#e3f6fa",
    "--mantine-color-cyan-light-hover": "#d3eff5",
    "--mantine-color-cyan-light-color": "#0b6576",
    "--mantine-color-body": "#f7f8f9",
    "--mantine-color-dimmed": "#545c63",
    "--mantine-color-placeholder": "#666e76",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-success": "#087f5b",
    "--mantine-color-default-border": "#d4d9de",
    "--fd-surface": "#ffffff",
    "--fd-line": "#e3e7ea",
    "--fd-quiet": "#eef1f3",
    "--fd-accent-soft": "#e3f6fa",
    "--fd-accent-text": "#0b6576",
    "--fd-good-soft": "#e3f6ec",
    "--fd-good-text": "#0b6b43",
    "--fd-warn-soft": "#fdf1d8",
    "--fd-warn-text": "#7a4a00",
    "--fd-bad-soft": "#fdeaea",
    "--fd-bad-text": "#a61e1e",
  },
  dark: {
    "--mantine-color-cyan-filled-hover": "#0b6576",
    "--mantine-color-cyan-light": "#0f3640",
    "--mantine-color-cyan-light-hover": "#15454f",
    "--mantine-color-cyan-light-color": "#86dcec",
    "--mantine-color-body": "#15181b",
    "--mantine-color-text": "#dde2e6",
    "--mantine-color-dimmed": "#a3adb5",
    "--mantine-color-placeholder": "#929ca5",
    "--mantine-color-error": "#ff9c9c",
    "--mantine-color-success": "#6edcaa",
    "--mantine-color-default": "#1f2429",
    "--mantine-color-default-hover": "#272d33",
    "--mantine-color-default-border": "#3b434a",
    "--fd-surface": "#1c2024",
    "--fd-line": "#2c3238",
    "--fd-quiet": "#262b30",
    "--fd-accent-soft": "#0f3640",
    "--fd-accent-text": "#86dcec",
    "--fd-good-soft": "#123527",
    "--fd-good-text": "#7fdcae",
    "--fd-warn-soft": "#3d2f10",
    "--fd-warn-text": "#f2c66d",
    "--fd-bad-soft": "#43201f",
    "--fd-bad-text": "#ffaaa5",
  },
});
