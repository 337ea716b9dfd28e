// Headings of the parts of the desk: a level deeper where the desk itself stands inside of another page.

import { Title, type TitleProps } from "@mantine/core";
import { createContext, type ReactElement, useContext } from "react";

export const HeadingLevel: React.Context<2 | 3> = createContext<2 | 3>(2);

export function Heading(props: Omit<TitleProps, "order">): ReactElement {
  return <Title order={useContext(HeadingLevel)} size="h5" {...props} />;
}
