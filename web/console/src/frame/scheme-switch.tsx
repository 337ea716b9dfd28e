// Light, dark, or as the device has it. The choice stays in this browser.

import { type MantineColorScheme, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import type { ReactElement } from "react";
import { Icon, type IconName } from "../ui/icons.tsx";
import classes from "./frame.module.css";

const steps: Record<
  MantineColorScheme,
  { next: MantineColorScheme; icon: IconName; words: string }
> = {
  auto: { next: "light", icon: "screen", words: "as the device" },
  light: { next: "dark", icon: "sun", words: "light" },
  dark: { next: "auto", icon: "moon", words: "dark" },
};

export function SchemeSwitch(): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, icon, words } = steps[colorScheme];
  const label = `Colours: ${words}. Change to ${steps[next].words}`;
  return (
    <UnstyledButton
      className={classes["tool"]}
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={icon} />
    </UnstyledButton>
  );
}
