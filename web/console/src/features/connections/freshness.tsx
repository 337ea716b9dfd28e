// What stands above data that could not be renewed: a quiet line if there is some to look at, the whole
// trouble if there is none.

import { Box, Text } from "@mantine/core";
import type { ReactElement } from "react";
import { troubleOf } from "../../session/trouble.ts";
import { RelativeTime } from "../../ui/relative-time.tsx";
import { TroubleNotice } from "../../ui/states.tsx";

export interface FreshnessProps {
  query: {
    isError: boolean;
    error: Error | null;
    data: unknown;
    dataUpdatedAt: number;
    refetch: () => unknown;
  };
  /** Inside of a panel whose contents reach its edges. */
  flush?: boolean;
}

export function Freshness({ query, flush }: FreshnessProps): ReactElement | null {
  if (!query.isError) return null;
  const { sentence, fix } = troubleOf(query.error);
  return (
    <Box {...(flush && { px: 20, pb: "sm" })}>
      {query.data === undefined ? (
        <TroubleNotice sentence={sentence} fix={fix} onRetry={() => void query.refetch()} />
      ) : (
        <Text size="sm" c="dimmed" role="status">
          Not live now, as it was <RelativeTime at={new Date(query.dataUpdatedAt).toISOString()} />.
          It is asked again by itself.
        </Text>
      )}
    </Box>
  );
}
