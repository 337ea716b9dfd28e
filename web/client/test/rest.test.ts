import { type Server, type Session, startServer } from "@frontdesk/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRestClient, FrontdeskProblem } from "../src/rest-client.ts";
import { foreign } from "./support/outside.ts";

let server: Server;
let ana: Session;

beforeAll(async () => {
  server = await startServer();
  ana = await server.customer();
});
afterAll(() => server.stop());

it("asks with types and the session's cookie", async () => {
  const rest = createRestClient({ url: server.base, fetch: ana.fetch });
  const { data } = await rest.GET("/api/v1/auth/me");
  expect(data?.email).toBe(ana.user.email);
  const page = await rest.GET("/api/v1/orders", { params: { query: { limit: 10 } } });
  expect(page.data?.items).toEqual([]);
});

it("rejects with the problem that the server answers", async () => {
  const rest = createRestClient({ url: `${server.base}/`, fetch: ana.fetch });
  const refused = rest.POST("/api/v1/orders", { body: { lines: [] } });
  await expect(refused).rejects.toBeInstanceOf(FrontdeskProblem);
  await expect(refused).rejects.toMatchObject({
    status: 422,
    code: "validation_failed",
    fix: expect.any(String),
    errors: [{ pointer: "/lines" }],
  });
  const nobody = createRestClient({ url: server.base });
  await expect(nobody.GET("/api/v1/auth/me")).rejects.toMatchObject({
    status: 401,
    code: "unauthenticated",
  });
});

it("says so when it was not Frontdesk that answered", async () => {
  const stranger = await foreign({});
  const rest = createRestClient({ url: stranger.base });
  await expect(rest.GET("/api/v1/auth/me")).rejects.toMatchObject({
    status: 404,
    code: "unexpected_answer",
  });
  await stranger.close();
});
