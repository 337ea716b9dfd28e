// What the signed-in user should know.

import type { Notification, NotificationId } from "@frontdesk/client";
import { useMemo } from "react";
import { type Collection, type CollectionPlan, collectionOf } from "./collection.ts";
import type { Query } from "./http.ts";
import { useFrontdesk } from "./provider.ts";
import { type LiveItems, useCollection } from "./use-collection.ts";

/** Which notifications. */
export interface NotificationsFilter {
  /** `true`: only the unread ones; `false`: only the read ones. */
  unread?: boolean;
  /** How many at first; 50 by default, 200 at most. */
  limit?: number;
}

export interface Notifications extends LiveItems<Notification> {
  /** How many of `items` are unread. */
  unread: number;
  markRead: (id: NotificationId) => Promise<void>;
  /** All, also those that are not loaded; on every device. */
  markAllRead: () => Promise<void>;
}

/** One's own notifications, live. */
export function useNotifications(filter: NotificationsFilter = {}): Notifications {
  const client = useFrontdesk();
  const { unread, limit } = filter;
  const notifications = useMemo(
    () => collectionOf(client, "notifications", { unread, limit }, notificationsPlan),
    [client, unread, limit],
  );
  const actions = useMemo(() => actionsOf(notifications), [notifications]);
  const live = useCollection(notifications);
  return { ...live, ...actions, unread: live.items.filter(isUnread).length };
}

export function notificationsPlan(query: Query): CollectionPlan<Notification> {
  return {
    path: "/api/v1/notifications",
    query,
    rules: {
      id: (notification) => notification.id,
      at: (notification) => notification.created_at,
      // Nothing but `read_at` ever changes, and never back.
      replaces: (next, held) => isUnread(held) || !isUnread(next),
      shown: (notification) =>
        query.unread === undefined || isUnread(notification) === query.unread,
    },
    read: ({ topic, data }) => (topic === "notifications" ? { item: data.notification } : null),
  };
}

function isUnread({ read_at }: Notification): boolean {
  return read_at === null;
}

function actionsOf(
  notifications: Collection<Notification>,
): Pick<Notifications, "markRead" | "markAllRead"> {
  const { http } = notifications;
  return {
    markRead: async (id) =>
      notifications.apply(await http.post<Notification>(`/api/v1/notifications/${id}/read`)),
    // Each one's event follows; the list is asked for as well, because there may be no socket.
    markAllRead: async () => {
      await http.post("/api/v1/notifications/read-all");
      await notifications.reload();
    },
  };
}
