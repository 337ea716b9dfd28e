// The page of react.mjs: as many components as it is told to show, and a record of what they heard.

import { FrontdeskProvider, useConnection, useEvents, useOrders, useWebSocketSingleton } from "@frontdesk/react";
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";

const desk = { heard: {}, mounts: 0 };
globalThis.desk = desk;

function Part({ name }) {
  const { status } = useConnection();
  useOrders();
  useWebSocketSingleton();
  useEffect(() => {
    desk.mounts += 1;
  }, []);
  useEvents("notifications", ({ data }) => {
    const heard = (desk.heard[name] ??= []);
    heard.push(data.notification.title);
  });
  return <li>{status}</li>;
}

const root = createRoot(document.body.appendChild(document.createElement("ol")));

/** Shows the page; another `generation` mounts everything anew, as fast refresh does. */
desk.show = ({ url, parts = 1, generation = 0, options = {} }) =>
  root.render(
    <StrictMode>
      <FrontdeskProvider key={generation} options={{ url, ...options }}>
        {Array.from({ length: parts }, (_, part) => <Part key={part} name={`part ${part}`} />)}
      </FrontdeskProvider>
    </StrictMode>,
  );

desk.hide = () => root.render(null);
