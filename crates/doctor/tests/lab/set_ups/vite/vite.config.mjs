// A dev server as a page's author has it, on a port of its own.
export default {
  root: "{{root}}",
  cacheDir: "{{root}}/.vite",
  clearScreen: false,
  server: {
    host: "127.0.0.1",
    port: {{port}},
    strictPort: true,
    proxy: {
      {{proxy}}
    },
  },
};
