// React hooks for a Frontdesk server. The client owns behaviour; a hook subscribes and shows.
// Start at `FrontdeskProvider`.

export type { ChatState } from "./chat-store.ts";
export type { CollectionState } from "./collection.ts";
export { FrontdeskHttpError } from "./http.ts";
export type { ChatMessage, Delivery } from "./outbox.ts";
export { FrontdeskProvider, type FrontdeskProviderProps, useFrontdesk } from "./provider.ts";
export {
  type Bookings,
  type BookingsFilter,
  type ChangeBooking,
  type PlaceBooking,
  useBookings,
} from "./use-bookings.ts";
export { type UseChat, useChat } from "./use-chat.ts";
export type { LiveItems } from "./use-collection.ts";
export {
  useConnection,
  useConnectionDiagnosis,
  useWebSocketSingleton,
  type WebSocketSingleton,
} from "./use-connection.ts";
export { type EventFilter, type EventOf, useEvents } from "./use-events.ts";
export {
  type Notifications,
  type NotificationsFilter,
  useNotifications,
} from "./use-notifications.ts";
export {
  type ChangeOrder,
  type Orders,
  type OrdersFilter,
  type PlaceOrder,
  useOrders,
} from "./use-orders.ts";
export { usePresence } from "./use-presence.ts";
