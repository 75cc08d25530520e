/** Every command that a simulated container has, by its name. @module */
import { fileCommands } from "./commands/files.ts"
import { systemCommands } from "./commands/system.ts"
import { tarCommand } from "./commands/tar.ts"
import { textCommands } from "./commands/text.ts"
import type { Command } from "./process.ts"
import { shellCommand } from "./shell.ts"

const shell: Command = (process) => shellCommand(process)

const commands = new Map<string, Command>(
  Object.entries({ ...textCommands, ...fileCommands, ...systemCommands, tar: tarCommand, sh: shell, ash: shell, bash: shell })
)

/** `ls`, and `/bin/ls` as well; undefined when there is no such command. */
export const commandNamed = (name: string): Command | undefined =>
  commands.get(name.replace(/^\/(?:usr\/)?(?:local\/)?s?bin\//, ""))

/** Their names, sorted. */
export const commandNames: ReadonlyArray<string> = [...commands.keys()].sort()
