// The connection of the lab as something to paste elsewhere: a shell, or a program. Tokens are never
// in it: a line above fetches one, or `$TOKEN` stands for it.

import { type Dial, httpBase, isInQuery, isOwn } from "./dial.ts";

export type CopyForm = "curl" | "wscat" | "typescript";

export const COPY_FORMS: readonly { form: CopyForm; label: string }[] = [
  { form: "curl", label: "Copy as curl" },
  { form: "wscat", label: "Copy as wscat" },
  { form: "typescript", label: "Copy as TypeScript" },
];

export function copyAs(form: CopyForm, given: Dial, origin: string): string {
  const dial = { ...given, url: withoutToken(given.url) };
  if (form === "curl") return curl(dial, origin);
  return form === "wscat" ? wscat(dial, origin) : typescript(dial);
}

/** A token in the address that was typed is as secret as any other. */
function withoutToken(url: string): string {
  return url.replace(/([?&])token=[^&]*(&|$)/, (_, before: string, after: string) =>
    after === "" ? "" : before,
  );
}

/** Shows the answer to the handshake, which no page may see. */
function curl(dial: Dial, origin: string): string {
  const inQuery = dial.carry === "none" ? false : isInQuery(dial.carry);
  const address = dial.url.replace(/^ws/, "http") + (inQuery ? `${mark(dial.url)}token=` : "");
  return [
    ...tokenLine(dial),
    "# The answer to the handshake, which a page never sees. Frames follow raw; stop with Ctrl-C.",
    "curl --include --no-buffer --http1.1 \\",
    `  -H ${quoted(`Origin: ${origin}`)} \\`,
    "  -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\",
    "  -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' \\",
    // curl cannot send frames, so a token that would travel in the first one goes as a header.
    ...(dial.carry === "none" || inQuery ? [] : ['  -H "Authorization: Bearer $TOKEN" \\']),
    `  ${quoted(address)}${inQuery ? '"$TOKEN"' : ""}`,
    "",
  ].join("\n");
}

function wscat(dial: Dial, origin: string): string {
  const { carry, url } = dial;
  const target = isInQuery(carry) ? `${quoted(`${url}${mark(url)}token=`)}"$TOKEN"` : quoted(url);
  const first =
    carry === "none" || isInQuery(carry)
      ? ""
      : ` \\\n  -w 3600 -x '{"type":"connect","token":"'"$TOKEN"'"}'`;
  return [...tokenLine(dial), `wscat -o ${quoted(origin)} -c ${target}${first}`, ""].join("\n");
}

function typescript({ url, carry, mode }: Dial): string {
  if (mode === "client") {
    return [
      'import { createClient } from "@frontdesk/client";',
      "",
      `const client = createClient({ url: ${JSON.stringify(httpBase(url))} });`,
      'client.on("state", (state) => console.log(state.status));',
      'client.on("diagnosis", ({ sentence, fix }) => console.warn(sentence, fix));',
      'client.on("event", (event) => console.log(event.channel, event.event, event.data));',
      "client.connect();",
      "",
    ].join("\n");
  }
  const inQuery = isInQuery(carry);
  const fetched =
    carry === "none"
      ? []
      : isOwn(carry)
        ? ['const token = "$TOKEN"; // yours']
        : [
            `const answer = await fetch(${JSON.stringify(`${httpBase(url)}/api/v1/auth/ws-token`)}, { credentials: "include" });`,
            "const { token } = await answer.json();",
          ];
  const address = inQuery
    ? `\`${`${url}${mark(url)}`.replace(/[`$\\]/g, "\\$&")}token=\${encodeURIComponent(token)}\``
    : JSON.stringify(url);
  const opening =
    carry === "none" || inQuery
      ? []
      : ['socket.onopen = () => socket.send(JSON.stringify({ type: "connect", token }));'];
  return [
    ...fetched,
    `const socket = new WebSocket(${address});`,
    ...opening,
    "socket.onmessage = ({ data }) => console.log(JSON.parse(data));",
    "socket.onclose = ({ code, reason, wasClean }) => console.log(code, reason, wasClean);",
    "",
  ].join("\n");
}

/** A line that puts a token into `$TOKEN`. */
function tokenLine({ carry, url }: Dial): string[] {
  if (carry === "none") return [];
  if (isOwn(carry)) return ["TOKEN='…' # yours; it is left out on purpose"];
  return [
    '# cookies.txt: curl -c cookies.txt --json \'{"email":"…","password":"…"}\' ' +
      quoted(`${httpBase(url)}/api/v1/auth/login`),
    `TOKEN=$(curl -sS -b cookies.txt ${quoted(`${httpBase(url)}/api/v1/auth/ws-token`)} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
  ];
}

function mark(url: string): string {
  return url.includes("?") ? "&" : "?";
}

/** A text as one word of a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
